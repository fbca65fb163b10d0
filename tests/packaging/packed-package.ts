import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A package of the workspace that is published, packed as it will be. */
export interface PackedPackage {
  readonly name: string;
  /** Its folder in the workspace. */
  readonly folder: string;
  readonly tarball: string;
  /** The package.json of the tarball's source. */
  readonly manifest: PublishedManifest;
}

export interface PublishedManifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The pnpm that runs these tests. */
export function pnpm(args: readonly string[], cwd: string): Promise<{ stdout: string; stderr: string }> {
  const program = process.env.npm_execpath ?? "pnpm";
  const viaNode = /\.[cm]?js$/.test(program);
  const [command, all] = viaNode ? [process.execPath, [program, ...args]] : [program, [...args]];
  return promisify(execFile)(command, all, { cwd, maxBuffer: 64 * 1024 * 1024 });
}

/** The published packages of the workspace, with and without sources. */
export async function findPublished(
  root: string,
): Promise<{ folder: string; manifest: PublishedManifest }[]> {
  const { stdout } = await pnpm(["ls", "--recursive", "--depth=-1", "--json"], root);
  const listed = JSON.parse(stdout) as { path: string; private?: boolean }[];
  const published = listed.filter((each) => each.private !== true);
  return Promise.all(
    published.map(async ({ path: folder }) => ({
      folder,
      manifest: JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as PublishedManifest,
    })),
  );
}

/**
 * The packages that can be tried: begun (they have an entry), and so is everything of ours that they depend on.
 * The others cannot be installed by anybody yet.
 */
export function onlyBegun<Package extends { folder: string; manifest: PublishedManifest }>(
  packages: readonly Package[],
): Package[] {
  const byName = new Map(packages.map((each) => [each.manifest.name, each]));
  const isBegun = ({ folder, manifest }: Package): boolean =>
    existsSync(join(folder, "src", "index.ts")) &&
    Object.keys(manifest.dependencies ?? {}).every((name) => {
      const ours = byName.get(name);
      return ours === undefined || isBegun(ours);
    });
  return packages.filter(isBegun);
}

/** Packs the packages in one go. */
export async function packAll(
  root: string,
  packages: readonly { folder: string; manifest: PublishedManifest }[],
  destination: string,
): Promise<PackedPackage[]> {
  await mkdir(destination, { recursive: true });
  const filters = packages.map(({ manifest }) => `--filter=${manifest.name}`);
  await pnpm([...filters, "pack", `--pack-destination=${destination}`], root);
  return packages.map(({ folder, manifest }) => {
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    return { name: manifest.name, folder, manifest, tarball: join(destination, file) };
  });
}

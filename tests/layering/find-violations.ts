import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { floors, type Place, promiseless, timeless } from "./floors.ts";
import { readSource, type SourceFacts } from "./read-source.ts";
import type { SourcePackage } from "./source-package.ts";

/** Every way in which the packages break the law, one sentence each, sorted. */
export function findViolations(packages: readonly SourcePackage[]): string[] {
  const ours = new Set(packages.map(({ name }) => name));
  return packages.flatMap((each) => violationsOf(each, ours)).sort();
}

function violationsOf(each: SourcePackage, ours: ReadonlySet<string>): string[] {
  const place = floors[each.name];
  if (place === undefined) return [`${each.name} has no place in tests/layering/floors.ts`];
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = each.manifest;
  const builtIn = (place.builtIn ?? []).filter((name) => devDependencies?.[name] !== undefined);
  const declared = new Set([
    ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    ...builtIn,
  ]);
  const inManifest = [...declared]
    .filter((name) => ours.has(name) && !place.mayImport.includes(name))
    .map((name) => `${each.name} depends on ${name} in its package.json and may not`);
  const inSources = Object.entries(each.sources).flatMap(([path, text]) => {
    const facts = readSource(path, text);
    return [
      ...facts.imports.flatMap((specifier) => judgeImport(each.name, place, declared, ours, path, specifier)),
      ...judgeWorld(each.name, path, facts),
    ].map((fault) => `${each.name} ${path} ${fault}`);
  });
  return [...inManifest, ...inSources];
}

function judgeImport(
  self: string,
  place: Place,
  declared: ReadonlySet<string>,
  ours: ReadonlySet<string>,
  path: string,
  specifier: string,
): string[] {
  if (specifier.startsWith(".")) {
    if (!posix.join(posix.dirname(path), specifier).startsWith("src/"))
      return [`reaches out of src: ${specifier}`];
    return /\.(ts|tsx|mts|json)$/.test(specifier) ? [] : [`imports without a file ending: ${specifier}`];
  }
  if (isBuiltin(specifier)) return place.node ? [] : [`needs Node: ${specifier}`];
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name === self) return [`imports its own package by name: ${specifier}`];
  // Ours by its name too, so that a package which does not exist yet is judged like one that does.
  if ((ours.has(name) || name.startsWith("@pawl/")) && !place.mayImport.includes(name))
    return [`may not import ${name}`];
  return declared.has(name) ? [] : [`imports ${name}, which its package.json does not depend on`];
}

function judgeWorld(self: string, path: string, { ambient, promises }: SourceFacts): string[] {
  const within = (area: { package: string; folder: string }) =>
    area.package === self && path.startsWith(area.folder);
  return [
    ...(within(timeless) ? ambient.map((name) => `reads the world: ${name}`) : []),
    ...(within(promiseless) ? promises.map((name) => `waits: ${name}`) : []),
  ];
}

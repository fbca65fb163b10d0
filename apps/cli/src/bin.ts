#!/usr/bin/env node
// Nothing else is loaded before the version is known to be one that can load it.
const major = Number(process.versions.node.split(".")[0]);
if (major < 22) {
  process.stderr.write(
    `Pawl needs Node.js 22 or newer, and this is ${process.version}. Install a newer one; in a clone of Pawl, \`npx -y pnpm@12 pawl\` brings its own.\n`,
  );
  process.exit(1);
}
// What V8 makes of these files is kept from one command to the next. Not every Node 22 has it.
const { enableCompileCache } = await import("node:module");
enableCompileCache?.();
const { main } = await import("./main.ts");
await main(process.argv);

export {};

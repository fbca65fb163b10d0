// `node import-time PACKAGE…`: tells its parent how long importing these took, in milliseconds.
const began = performance.now();
for (const name of process.argv.slice(2)) await import(name);
process.send?.(performance.now() - began, () => process.exit(0));

// Runs the store suite over memoryStore in a context that has what a browser has and nothing of Node: any use of `process`,
// `Buffer`, `require` or a built-in module fails. Prints one JSON line.
//   node --experimental-vm-modules run-in-bare-context.mjs
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

const WEB = {
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
  clearTimeout,
  structuredClone,
  TextEncoder,
  TextDecoder,
  AbortController,
  AbortSignal,
  DOMException,
  URL,
  WebAssembly,
  atob,
  btoa,
  console,
};
const context = vm.createContext({ ...WEB });
vm.runInContext("globalThis.self = globalThis", context);

const modules = new Map();

/** Where an import leads, as a bundler for browsers finds it: what a package calls its `module` goes before its `main`. */
async function locate(specifier, from) {
  if (specifier.startsWith("node:")) throw new Error(`${from} imports ${specifier}`);
  if (specifier.startsWith(".")) return resolve(dirname(from), specifier);
  const found = fileURLToPath(import.meta.resolve(specifier, pathToFileURL(from)));
  const folder = found.slice(0, found.lastIndexOf(`/${specifier}/`) + specifier.length + 2);
  const manifest = await readFile(join(folder, "package.json"), "utf8").then(JSON.parse, () => ({}));
  return manifest.module && !manifest.exports ? join(folder, manifest.module) : found;
}

async function load(path) {
  let module = modules.get(path);
  if (module === undefined) {
    module = new vm.SourceTextModule(await readFile(path, "utf8"), { context, identifier: path });
    modules.set(path, module);
  }
  return module;
}

const entry = new vm.SourceTextModule(
  `import { memoryStore } from "@pawl/store-memory";
   import { runStoreSuite } from "@pawl/testing/store-suite";
   const no = false;
   export const results = await runStoreSuite({
     name: "memory in a bare context",
     createStore: () => memoryStore(),
     capabilities: { reopen: no, second: no, advance: no, transaction: no, setRuntimeState: no, corruptRow: no, pretendNewerSchema: no },
   });`,
  { context, identifier: fileURLToPath(import.meta.url) },
);
await entry.link(async (specifier, importer) => load(await locate(specifier, importer.identifier)));
await entry.evaluate();

const { results } = entry.namespace;
const count = (status) => results.filter((result) => result.status === status).length;
const failed = results.filter((result) => result.status === "failed");
console.log(
  JSON.stringify({
    bare: vm.runInContext("typeof process + typeof Buffer + typeof require", context),
    passed: count("passed"),
    skipped: count("skipped"),
    failed: failed.map(({ chapter, title, error }) => `${chapter}: ${title}: ${error?.message ?? error}`),
  }),
);

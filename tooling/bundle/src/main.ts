#!/usr/bin/env node
// `bundle-package`: builds the JavaScript of the package in whose folder it is started.
import { bundlePackage } from "./bundle-package.ts";

await bundlePackage(process.cwd());

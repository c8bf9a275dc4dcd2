// Where things stand in the tree, for the tools and tests that run in Node.

import { fileURLToPath } from "node:url";

/** A path relative to the project's root as an absolute one. */
export const projectPath = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What `cmake --preset wasm-wasi` and `npm run build:worker` leave behind. */
export const wasmPath = projectPath("build/wasm-wasi/wasm/weir.wasm");
export const bundleFolder = projectPath("build/worker");
export const migrationsFolder = projectPath("schema/migrations");

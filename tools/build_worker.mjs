// Bundles the Worker exactly as `wrangler deploy` would send it: build/worker/index.js and its
// module. Does nothing where the bundle is newer than everything it is made of.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFolder, projectPath, wasmPath } from "./project.mjs";

function isFresh(bundle, sources) {
  if (!existsSync(bundle)) return false;
  const built = statSync(bundle).mtimeMs;
  return sources.every((source) => statSync(source).mtimeMs < built);
}

export function buildWorker() {
  if (!existsSync(wasmPath)) {
    throw new Error(
      `there is no ${wasmPath}: cmake --preset wasm-wasi && cmake --build build/wasm-wasi`,
    );
  }
  const folder = projectPath("worker/src");
  const sources = readdirSync(folder).map((name) => join(folder, name));
  sources.push(wasmPath, projectPath("wrangler.toml"), projectPath("package-lock.json"));
  if (isFresh(join(bundleFolder, "index.js"), sources)) return;
  rmSync(bundleFolder, { recursive: true, force: true }); // an older module has another name
  const wrangler = projectPath("node_modules/wrangler/bin/wrangler.js");
  execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", bundleFolder], {
    cwd: projectPath(""),
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildWorker();

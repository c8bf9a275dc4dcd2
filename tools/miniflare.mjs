// Miniflare around the Worker's bundle: the only place that knows Miniflare's options.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";
import { buildWorker } from "./build_worker.mjs";
import { bundleFolder, migrationsFolder, projectPath } from "./project.mjs";

function bundleModules() {
  return readdirSync(bundleFolder)
    .filter((name) => /\.(js|wasm)$/.test(name))
    .map((name) => ({
      type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path: name,
      contents: readFileSync(join(bundleFolder, name)),
    }));
}

/**
 * Starts the Worker on 127.0.0.1. `state` is the folder of its database, none: in memory. `entry`
 * is the text of a module to run in place of the bundle's index.js, which it may import.
 */
export async function startWorker({ port = 0, state, bindings = {}, entry } = {}) {
  buildWorker();
  const config = readConfig({ config: projectPath("wrangler.toml") });
  const modules = bundleModules();
  const isMain = (module) => module.path === "index.js";
  modules.sort((a, b) => isMain(b) - isMain(a)); // the first module is the one that runs
  if (entry) modules.unshift({ type: "ESModule", path: "entry.js", contents: entry });
  const miniflare = new Miniflare({
    name: config.name,
    modules,
    compatibilityDate: config.compatibility_date,
    bindings: { ...config.vars, ...bindings },
    d1Databases: Object.fromEntries(
      config.d1_databases.map(({ binding, database_name }) => [binding, database_name]),
    ),
    d1Persist: state ?? false,
    host: "127.0.0.1",
    port,
    cf: false, // nothing is fetched from the network
    telemetry: { enabled: false },
  });
  const url = await miniflare.ready;
  return { miniflare, url, database: await miniflare.getD1Database("DB") };
}

/** The statements of a migration: ours hold no semicolon but at a statement's end. */
function statementsOf(sql) {
  return sql
    .replace(/--[^\n]*/g, "")
    .split(/;\s*(?:\n|$)/)
    .filter((statement) => statement.trim() !== "");
}

/** Applies what is missing, recorded in d1_migrations as wrangler does it. */
export async function migrate(database) {
  await database
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  const names = readdirSync(migrationsFolder).filter((name) => name.endsWith(".sql"));
  for (const name of names.sort()) {
    if (applied.has(name)) continue;
    const sql = readFileSync(join(migrationsFolder, name), "utf8");
    await database.batch([
      ...statementsOf(sql).map((statement) => database.prepare(statement)),
      database.prepare("INSERT INTO d1_migrations(name) VALUES (?1)").bind(name),
    ]);
  }
}

/** Gives a token scopes, as an administrator would. */
export async function grant(database, { token, name, scopes }) {
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)),
  );
  await database
    .prepare(
      `INSERT INTO tokens(token_sha256, name, scopes, created_ms)
        VALUES (unhex(?1), ?2, ?3, CAST(?4 AS INTEGER))
        ON CONFLICT(token_sha256) DO UPDATE SET scopes = excluded.scopes`,
    )
    .bind(Buffer.from(hash).toString("hex"), name, scopes, Date.now())
    .run();
}

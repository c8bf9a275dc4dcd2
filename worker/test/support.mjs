// What the Worker's tests share: a Worker in Miniflare behind the limits shim, requests to it, and
// segments to send.

import { readFileSync } from "node:fs";
import { grant, migrate, startWorker } from "../../tools/miniflare.mjs";
import { projectPath } from "../../tools/project.mjs";
import { recipe, WasmVectors } from "../../tests/vectors/vectors.mjs";

export const adminToken = "an-administrator's-secret";
export const hourMs = 3_600_000;
/** The start of an hour, so that a test's events fit into it. */
export const startMs = Math.floor(1_790_000_000_000 / hourMs) * hourMs;

export const tokens = {
  home: "token-of-home", // ingest:home read:home
  sender: "token-of-a-sender", // ingest:home
  reader: "token-of-a-reader", // read:*
};

/** A Worker with a fresh database in memory. */
export class TestWorker {
  static async start() {
    const entry = readFileSync(projectPath("worker/test/limits_shim.js"), "utf8");
    const bindings = { WEIR_ADMIN_TOKEN: adminToken };
    const { miniflare, database } = await startWorker({ entry, bindings });
    await migrate(database);
    const grants = {
      home: "ingest:home read:home",
      sender: "ingest:home",
      reader: "read:*",
    };
    for (const [name, scopes] of Object.entries(grants)) {
      await grant(database, { token: tokens[name], name, scopes });
    }
    return new TestWorker(miniflare, database);
  }

  constructor(miniflare, database) {
    this.miniflare = miniflare;
    this.database = database;
  }

  /** Answers {status, headers, body, cost}; a body of JSON is parsed. */
  async fetch(path, { method = "GET", token, body, headers = {}, nowMs, fail } = {}) {
    if (token) headers = { ...headers, authorization: `Bearer ${token}` };
    if (nowMs !== undefined) headers = { ...headers, "x-test-now": String(nowMs) };
    if (fail) headers = { ...headers, "x-test-fail": fail };
    const url = `http://weir.test${path}`;
    const duplex = body instanceof ReadableStream ? "half" : undefined;
    const response = await this.miniflare.dispatchFetch(url, { method, headers, body, duplex });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    const cost = (name) => Number(response.headers.get(`x-test-${name}`));
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? text === "" ? null : JSON.parse(text) : text,
      calls: cost("calls"),
      statements: cost("statements"),
      rowsWritten: cost("rows-written"),
    };
  }

  async cron(nowMs, options = {}) {
    return this.fetch("/test/cron", { method: "POST", nowMs, ...options });
  }

  /** Sends segments of a log; `log` is its 32 hex digits. */
  async put(log, first, segments, options = {}) {
    const body = Buffer.concat([segments].flat());
    return this.fetch(`/v1/sites/${options.site ?? "home"}/logs/${log}/${first}`, {
      method: "PUT",
      token: tokens.home,
      nowMs: startMs,
      body,
      ...options,
    });
  }

  async state(log, options = {}) {
    const path = `/v1/sites/${options.site ?? "home"}/logs/${log}`;
    return this.fetch(path, { token: tokens.home, nowMs: startMs, ...options });
  }

  async rows(sql, ...parameters) {
    return (await this.database.prepare(sql).bind(...parameters).all()).results;
  }

  async close() {
    await this.miniflare.dispose();
  }
}

const vectors = new WasmVectors();

/** Events [first, first + count) of a log, of the hour that begins at startMs. */
export function segment(log, first, count, options = {}) {
  const input = recipe.segment({ log, first, count, startMs, rate: 1000, ...options });
  return vectors.run("segment", input);
}

export function gap(log, first, end, reason = 1) {
  return vectors.run("gap", recipe.gap({ log, first, end, reason, nowMs: startMs }));
}

let logs = 0;
/** A log id that no other test uses. */
export function newLog() {
  logs += 1;
  return logs.toString(16).padStart(32, "0");
}

// Health: /healthz says that the Worker runs, /readyz that its database answers and is migrated.

import type { Env } from "./env.js";
import { problem } from "./problem.js";

export function healthz(): Response {
  return new Response("ok\n", { headers: { "content-type": "text/plain; charset=utf-8" } });
}

export async function readyz(env: Env): Promise<Response> {
  try {
    // Log number 0 comes with the first migration.
    const row = await env.DB.prepare("SELECT log_no FROM logs WHERE log_no = 0").first();
    if (row !== null) return healthz();
    return problem(503, "unavailable", "the database has no log number 0");
  } catch (error) {
    return problem(503, "unavailable", error instanceof Error ? error.message : String(error));
  }
}

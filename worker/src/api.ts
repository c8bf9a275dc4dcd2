// API: the routes under /api/v1 that the core answers, the same bytes as natively.

import { callerOf } from "./auth.js";
import type { Env } from "./env.js";
import { Host } from "./host.js";
import { api, type QueryBudget } from "./operations.js";

/**
 * What one request may spend: D1's 50 statements per invocation with room for the tokens, blobs
 * that fit the module's memory as hex and as bytes, and events that decode in a few hundred ms.
 */
const budget: QueryBudget = {
  events: 1_000_000,
  bytes: 16 << 20,
  statements: 40,
  replyBytes: 4 << 20,
};

export async function handleApi(request: Request, url: URL, env: Env): Promise<Response> {
  const nowMs = Date.now();
  const { token, isFirstAdmin } = await callerOf(request, env);
  const target = url.pathname + url.search;
  const operation = api({
    method: request.method === "HEAD" ? "GET" : request.method, // the runtime sends no body
    target,
    nowMs,
    token,
    trusted: isFirstAdmin,
    budget,
  });
  return new Host(env).respond(operation, nowMs);
}

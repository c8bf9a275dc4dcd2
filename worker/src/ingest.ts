// Ingest: PUT and GET under /v1/sites/{site}/logs/{log_id}, see docs/protocol.md. The core judges;
// this reads the path and the body.

import { callerOf } from "./auth.js";
import { readBody } from "./body.js";
import { settings, type Env } from "./env.js";
import { Host } from "./host.js";
import { ingest, ingestState, type LogRequest } from "./operations.js";
import { problem } from "./problem.js";

const bodyBytesMax = 1 << 20; // kIngestBytesMax of core/include/weir/limits.h

// Sites and log ids hold no character that a path would escape.
const logPath = /^\/v1\/sites\/([^/%]+)\/logs\/([0-9a-f]{32})(?:\/(\d{1,15}))?$/;

export async function handleIngest(request: Request, path: string, env: Env): Promise<Response> {
  const [, site, logId, first] = logPath.exec(path) ?? [];
  if (site === undefined || logId === undefined) {
    return problem(404, "not_found", "the path is /v1/sites/{site}/logs/{log_id}[/{first}]");
  }
  const method = first === undefined ? "GET" : "PUT";
  if (request.method !== method) {
    const detail = first === undefined ? "a log is read by GET" : "segments are sent by PUT";
    return problem(405, "method_not_allowed", detail, { allow: method });
  }
  const nowMs = Date.now();
  const { token } = await callerOf(request, env);
  const log: LogRequest = { site, logId, token, intervalS: settings(env).intervalS };
  if (first === undefined) return new Host(env).respond(ingestState(log), nowMs);

  const body = await readBody(request, bodyBytesMax);
  if (body === null) {
    return problem(413, "too_large", `a body holds at most ${bodyBytesMax} bytes`);
  }
  return new Host(env).respond(ingest({ ...log, first: Number(first), body, nowMs }), nowMs);
}

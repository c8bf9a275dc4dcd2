// Tokens: an administrator makes and drops them.
//
//   POST   /api/v1/tokens       {"name": "nas", "scopes": "ingest:home read:home"}
//                               201 {"token": …, "id": …, "name": …, "scopes": …}
//   DELETE /api/v1/tokens/{id}  204
//
// The token is 32 random bytes, told once. Its id is its SHA-256, which is all that is stored.

import { callerOf, sha256 } from "./auth.js";
import { readBody } from "./body.js";
import type { Env } from "./env.js";
import { Host } from "./host.js";
import { Code } from "./message.js";
import { dropToken, findGrants, putToken } from "./operations.js";
import { problem } from "./problem.js";

const bodyBytesMax = 8192;
const tokenBytes = 32;
const tokensPath = /^\/api\/v1\/tokens(?:\/([0-9a-f]{64}))?$/;

export function isTokensPath(path: string): boolean {
  return tokensPath.test(path);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

export async function handleTokens(request: Request, path: string, env: Env): Promise<Response> {
  const id = tokensPath.exec(path)?.[1];
  const method = id === undefined ? "POST" : "DELETE";
  if (request.method !== method) {
    const detail = "tokens are made by POST to /api/v1/tokens and dropped by DELETE of their id";
    return problem(405, "method_not_allowed", detail, { allow: method });
  }
  const host = new Host(env);
  const refusal = await refuse(request, env, host);
  if (refusal !== null) return refusal;
  return id === undefined ? create(request, host) : drop(id, host);
}

/** Why the caller may not do this, or null for an administrator. */
async function refuse(request: Request, env: Env, host: Host): Promise<Response | null> {
  const { token, isFirstAdmin } = await callerOf(request, env);
  if (isFirstAdmin) return null;
  if (token.length > 0) {
    const { code, message, counters } = await host.run(findGrants(token));
    if (code === Code.ok && counters["admin"] === 1) return null;
    if (code === Code.ok) return problem(403, "forbidden", "this takes the scope admin");
    if (code !== Code.denied) return unavailable(message);
  }
  const detail = "this takes a bearer token with the scope admin";
  return problem(401, "unauthorized", detail, { "www-authenticate": "Bearer" });
}

async function create(request: Request, host: Host): Promise<Response> {
  const wanted = await readWanted(request);
  if (wanted instanceof Response) return wanted;
  const token = `weir_${hex(crypto.getRandomValues(new Uint8Array(tokenBytes)))}`;
  const hash = await sha256(token);
  const { name, scopes } = wanted;
  const { code, message } = await host.run(putToken(hash, name, scopes, Date.now()));
  if (code === Code.invalid) return problem(400, "invalid_parameter", message);
  if (code !== Code.ok) return unavailable(message);
  const headers = { "cache-control": "no-store" };
  return Response.json({ token, id: hex(hash), name, scopes }, { status: 201, headers });
}

async function drop(id: string, host: Host): Promise<Response> {
  const { code, message } = await host.run(dropToken(fromHex(id)));
  if (code === Code.notFound) return problem(404, "not_found", message);
  return code === Code.ok ? new Response(null, { status: 204 }) : unavailable(message);
}

async function readWanted(request: Request): Promise<{ name: string; scopes: string } | Response> {
  const body = await readBody(request, bodyBytesMax);
  if (body === null) return problem(413, "too_large", `at most ${bodyBytesMax} bytes`);
  try {
    const { name, scopes } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    if (typeof name === "string" && typeof scopes === "string") return { name, scopes };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  const detail = 'the body is JSON, {"name": "nas", "scopes": "ingest:home read:home"}';
  return problem(400, "invalid_body", detail);
}

function unavailable(message: string): Response {
  return problem(503, "unavailable", message, { "retry-after": "5" });
}

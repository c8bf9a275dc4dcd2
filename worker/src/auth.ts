// Auth: from a request's bearer token to its SHA-256, which is all that the core and the database
// ever see of it, and the first administrator, whose token is the secret WEIR_ADMIN_TOKEN.

import type { Env } from "./env.js";
import type { TokenHash } from "./operations.js";

const tokenCharsMax = 512;
const adminTokenCharsMin = 16;

export async function sha256(text: string): Promise<TokenHash> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

export interface Caller {
  /** Empty if no token was sent, or one that cannot be ours. */
  token: TokenHash;
  /** Holds the secret of this Worker. */
  isFirstAdmin: boolean;
}

export async function callerOf(request: Request, env: Env): Promise<Caller> {
  const bearer = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (bearer === undefined || bearer.length > tokenCharsMax) {
    return { token: new Uint8Array(), isFirstAdmin: false };
  }
  const token = await sha256(bearer);
  const secret = env.WEIR_ADMIN_TOKEN;
  // A short secret is no secret: it opens nothing.
  if (secret === undefined || secret.length < adminTokenCharsMin) {
    return { token, isFirstAdmin: false };
  }
  return { token, isFirstAdmin: crypto.subtle.timingSafeEqual(token, await sha256(secret)) };
}

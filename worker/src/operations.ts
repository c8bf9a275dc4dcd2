// The arguments of the core's operations, as docs/abi.md lists them.

import type { Writes } from "./core.js";

/** SHA-256 of a bearer token; no bytes if none was sent. */
export type TokenHash = Uint8Array;

/** Work units, see QueryBudget in core/include/weir/query.h. */
export interface QueryBudget {
  events: number;
  bytes: number;
  statements: number;
  replyBytes: number;
}

export function listStatements(): Writes {
  return (out) => out.u8(0);
}

export function api(request: {
  method: string;
  target: string;
  nowMs: number;
  token: TokenHash;
  trusted: boolean;
  budget: QueryBudget;
}): Writes {
  return (out) => {
    out.u8(1);
    out.text(request.method);
    out.text(request.target);
    out.i64(request.nowMs);
    out.bytes(request.token);
    out.u8(request.trusted ? 1 : 0);
    out.i64(request.budget.events);
    out.i64(request.budget.bytes);
    out.i64(request.budget.statements);
    out.i64(request.budget.replyBytes);
  };
}

/** What a sender names in its path, and who it is. */
export interface LogRequest {
  site: string;
  logId: string;
  token: TokenHash;
  intervalS: number;
}

export function ingest(
  request: LogRequest & { first: number; body: Uint8Array; nowMs: number },
): Writes {
  return (out) => {
    out.u8(2);
    out.text(request.site);
    out.text(request.logId);
    out.i64(request.first);
    out.bytes(request.body);
    out.bytes(request.token);
    out.i64(request.nowMs);
    out.i64(request.intervalS);
  };
}

export function ingestState(request: LogRequest): Writes {
  return (out) => {
    out.u8(3);
    out.text(request.site);
    out.text(request.logId);
    out.bytes(request.token);
    out.i64(request.intervalS);
  };
}

export function advanceRollups(nowMs: number, events: number, statements: number): Writes {
  return (out) => {
    out.u8(4);
    out.i64(nowMs);
    out.i64(events);
    out.i64(statements);
  };
}

export function retain(policy: {
  nowMs: number;
  eventsDays: number;
  rollupDays: number;
  segmentsMax: number;
  statements: number;
}): Writes {
  return (out) => {
    out.u8(5);
    out.i64(policy.nowMs);
    out.i64(policy.eventsDays);
    out.i64(policy.rollupDays);
    out.i64(policy.segmentsMax);
    out.i64(policy.statements);
  };
}

export function putToken(token: TokenHash, name: string, scopes: string, nowMs: number): Writes {
  return (out) => {
    out.u8(6);
    out.bytes(token);
    out.text(name);
    out.text(scopes);
    out.i64(nowMs);
  };
}

export function dropToken(token: TokenHash): Writes {
  return (out) => {
    out.u8(7);
    out.bytes(token);
  };
}

/** Ends with the counter `admin`, 1 or 0. */
export function findGrants(token: TokenHash): Writes {
  return (out) => {
    out.u8(8);
    out.bytes(token);
  };
}

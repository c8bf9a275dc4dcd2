// The entry module of the Worker under test: wraps the real one in Cloudflare's limits, which
// Miniflare does not enforce, and lets a test freeze the clock, fail the N-th call of the database
// and see what an invocation cost.
//
// A request's headers: x-test-now (ms: the clock begins there), x-test-fail ("N before|after
// MESSAGE": the N-th call of the database rejects, without or with effect). Its answer's headers:
// x-test-calls, x-test-statements, x-test-rows-written. POST /test/cron runs the cron; its answer
// is {"error": MESSAGE or null}.

import worker from "./index.js";

const statementsMax = 45; // D1: 50 per invocation on the free plan
const parametersMax = 100;
const valueBytesMax = 2_000_000;
const sqlBytesMax = 100_000;

// --- The clock stands still between awaits ---

const RealDate = Date;
let clockMs = RealDate.now();
let clockIsSet = false;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(clockMs);
    else super(...parts);
  }
  static now() {
    return clockMs;
  }
};

function setClock(header) {
  clockIsSet = header !== null;
  clockMs = clockIsSet ? Number(header) : RealDate.now();
}

function afterAwait() {
  clockMs = clockIsSet ? clockMs + 1 : RealDate.now();
}

// --- The database ---

const encoder = new TextEncoder();

function check(condition, message) {
  if (!condition) throw new Error(`limits shim: ${message}`);
}

class Statement {
  constructor(database, sql, inner) {
    this.database = database;
    this.sql = sql;
    this.inner = inner;
  }
  bind(...parameters) {
    check(parameters.length <= parametersMax, `${parameters.length} parameters`);
    for (const value of parameters) {
      check(typeof value !== "bigint", "a bigint parameter");
      const size = typeof value === "string" ? encoder.encode(value).length : 0;
      check(size <= valueBytesMax, `a parameter of ${size} bytes`);
    }
    return new Statement(this.database, this.sql, this.inner.bind(...parameters));
  }
  async all() {
    return (await this.database.batch([this]))[0];
  }
  async first() {
    return (await this.all()).results[0] ?? null;
  }
}

class Database {
  calls = 0;
  statements = 0;
  rowsWritten = 0;

  constructor(inner, plan) {
    this.inner = inner;
    const [, n, moment, message] = /^(\d+) (before|after) (.*)$/.exec(plan ?? "") ?? [];
    this.plan = { n: Number(n ?? 0), moment, message };
  }
  prepare(sql) {
    check(encoder.encode(sql).length <= sqlBytesMax, "a statement too long");
    return new Statement(this, sql, this.inner.prepare(sql));
  }
  async batch(statements) {
    this.calls += 1;
    this.statements += statements.length;
    check(this.statements <= statementsMax, `${this.statements} statements in one invocation`);
    const fails = this.calls === this.plan.n;
    if (fails && this.plan.moment === "before") throw new Error(this.plan.message);
    const results = await this.inner.batch(statements.map(({ inner }) => inner));
    afterAwait();
    for (const { meta } of results) this.rowsWritten += meta.rows_written;
    if (fails) throw new Error(this.plan.message);
    return results;
  }
}

// --- The Worker's handlers ---

function report(response, database) {
  const answer = new Response(response.body, response);
  answer.headers.set("x-test-calls", String(database.calls));
  answer.headers.set("x-test-statements", String(database.statements));
  answer.headers.set("x-test-rows-written", String(database.rowsWritten));
  return answer;
}

async function runCron(env, context) {
  try {
    await worker.scheduled({ scheduledTime: clockMs, cron: "*/5 * * * *" }, env, context);
    return Response.json({ error: null });
  } catch (error) {
    return Response.json({ error: error.message });
  }
}

export default {
  async fetch(request, env, context) {
    setClock(request.headers.get("x-test-now"));
    const database = new Database(env.DB, request.headers.get("x-test-fail"));
    const limited = { ...env, DB: database };
    const isCron = new URL(request.url).pathname === "/test/cron";
    const response = isCron
      ? await runCron(limited, context)
      : await worker.fetch(request, limited, context);
    return report(response, database);
  },
};

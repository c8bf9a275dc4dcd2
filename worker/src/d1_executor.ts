// D1 executor: does what the steps of the core's operations say, against a D1 binding.
//
// A Group is one D1 batch, which is one transaction. Errors are the core's to judge: each becomes a
// status code, and nothing is tried again here (D1 repeats reads by itself, never writes).

import type { Range, Statement, Step, Writes } from "./core.js";
import { Code, type Value } from "./message.js";

/** Bytes of a stored segment. Parameters of D1 are REAL unless cast. */
const readSql = `SELECT hex(substr(data, CAST(?2 AS INTEGER), CAST(?3 AS INTEGER))) AS bytes
  FROM segments WHERE id = CAST(?1 AS INTEGER)`;

/** Statement id → SQL, as the core lists them. */
export type StatementTexts = readonly string[];

/** What D1's error says about the data. The core's asserts fail as "malformed JSON". */
function codeOf(message: string): number {
  if (message.includes("malformed JSON")) return Code.conflict;
  if (/too big|TOOBIG|constraint/i.test(message)) return Code.constraint;
  return Code.unavailable;
}

function failure(code: number, message: string): Writes {
  return (out) => {
    out.u32(code);
    out.text(message);
  };
}

function success(write: Writes): Writes {
  return (out) => {
    out.u32(Code.ok);
    out.text("");
    write(out);
  };
}

/** A column holds what no statement of the core can give: the database is not ours. */
class CellError extends Error {}

/** A cell as the core's statements promise it. */
function cell(value: unknown): Value {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new CellError(`a column holds ${typeof value} ${String(value)}`);
}

export class D1Executor {
  /** D1 says that the account's rows for today are used up: repeating helps after midnight UTC. */
  quotaSpent = false;
  readonly #db: D1Database;
  readonly #texts: StatementTexts;

  constructor(db: D1Database, texts: StatementTexts) {
    this.#db = db;
    this.#texts = texts;
  }

  /** The reply to a step. Never rejects. */
  async reply(step: Exclude<Step, { kind: "done" }>): Promise<Writes> {
    try {
      if (step.kind === "group") return await this.#group(step.statements);
      if (step.kind === "read") return await this.#read(step.ranges);
      return success(() => {});
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof CellError) return failure(Code.corrupt, message);
      if (/exceeded .*daily row/i.test(message)) this.quotaSpent = true;
      return failure(codeOf(message), message);
    }
  }

  async #group(statements: Statement[]): Promise<Writes> {
    const results = await this.#db.batch<Record<string, unknown>>(
      statements.map(({ id, parameters }) => {
        const text = this.#texts[id];
        if (text === undefined) throw new RangeError(`there is no statement ${id}`);
        return this.#db.prepare(text).bind(...parameters);
      }),
    );
    const tables = results.map(({ results: rows, meta }) => ({
      changes: meta.changes ?? 0,
      rows: rows.map((row) => Object.values(row).map(cell)),
    }));
    return success((out) => {
      out.u32(tables.length);
      for (const { changes, rows } of tables) {
        out.i64(changes);
        out.u32(rows[0]?.length ?? 0);
        out.u32(rows.length);
        for (const row of rows) for (const value of row) out.value(value);
      }
    });
  }

  async #read(ranges: Range[]): Promise<Writes> {
    const results = await this.#db.batch<{ bytes: string }>(
      ranges.map(
        ({ segment, offset, length }) =>
          this.#db.prepare(readSql).bind(segment, offset + 1, length), // substr counts from 1
      ),
    );
    return success((out) => {
      out.u32(results.length);
      for (const { results: rows } of results) out.text(rows[0]?.bytes ?? "");
    });
  }
}

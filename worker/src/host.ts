// Host: runs one operation of the core over D1 and makes its answer a Response.

import { Core, type AnswerHead, type Writes } from "./core.js";
import { D1Executor, type StatementTexts } from "./d1_executor.js";
import type { Env } from "./env.js";
import { MessageReader } from "./message.js";
import { listStatements } from "./operations.js";
import { problem } from "./problem.js";

/** The statements' texts are part of the module, so every instance would list the same. */
let statementTexts: StatementTexts | undefined;

function textsOf(core: Core): StatementTexts {
  const session = core.begin(listStatements());
  const step = session.start();
  if (step.kind !== "emit") throw new Error("the core does not list its statements");
  const message = new MessageReader(step.bytes);
  return message.list(() => {
    message.text(); // the name
    return message.text();
  });
}

export interface Outcome {
  code: number;
  message: string;
  counters: Record<string, number>;
  head: AnswerHead | null;
  body: Uint8Array[];
}

/** The core and the database of one request. */
export class Host {
  readonly #core = new Core();
  readonly #executor: D1Executor;

  constructor(env: Env) {
    statementTexts ??= textsOf(this.#core);
    this.#executor = new D1Executor(env.DB, statementTexts);
  }

  /** Runs an operation to its end. Rejects only if the module traps. */
  async run(operation: Writes): Promise<Outcome> {
    const session = this.#core.begin(operation);
    let head: AnswerHead | null = null;
    const body: Uint8Array[] = [];
    let step = session.start();
    while (step.kind !== "done") {
      if (step.kind === "emit") {
        head ??= step.head;
        body.push(step.bytes);
      }
      step = session.resume(await this.#executor.reply(step));
    }
    session.end();
    return { code: step.code, message: step.message, counters: step.counters, head, body };
  }

  /** The answer that an operation emits. */
  async respond(operation: Writes, nowMs: number): Promise<Response> {
    const { head, body, message } = await this.run(operation);
    if (this.#executor.quotaSpent && (head === null || head.status >= 500)) {
      const midnight = Math.ceil((86_400_000 - (nowMs % 86_400_000)) / 1000);
      return problem(429, "quota", "the database's rows for today are used up", {
        "retry-after": String(midnight),
      });
    }
    if (head === null) return problem(500, "internal", message);
    const headers = new Headers({ "content-type": head.contentType, "cache-control": "no-store" });
    if (head.retryAfterS > 0) headers.set("retry-after", String(head.retryAfterS));
    if (head.status === 401) headers.set("www-authenticate", "Bearer");
    if (head.status === 405) headers.set("allow", "GET, HEAD");
    return new Response(await new Blob(body).arrayBuffer(), { status: head.status, headers });
  }
}

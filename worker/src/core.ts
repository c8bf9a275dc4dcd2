// Core: one instance of the WebAssembly module, and the operations that run in it.
//
// One instance per request: an operation that runs out of memory traps and takes only its own
// request with it, and nothing of one request is left for the next to see.

import module from "../../build/wasm-wasi/wasm/weir.wasm";
import { MessageReader, MessageWriter, type CoreExports, type Value } from "./message.js";

const abiVersion = 1;
const wasiBadDescriptor = 8; // errno EBADF: the module has no files

export interface Statement {
  id: number;
  parameters: Value[];
}
/** Bytes of a stored segment. */
export interface Range {
  segment: number;
  offset: number;
  length: number;
}
export interface AnswerHead {
  status: number;
  contentType: string;
  retryAfterS: number;
}
export type Step =
  | { kind: "group"; writes: boolean; statements: Statement[] }
  | { kind: "read"; ranges: Range[] }
  | { kind: "emit"; head: AnswerHead | null; bytes: Uint8Array }
  | { kind: "done"; code: number; message: string; counters: Record<string, number> };

/** Writes the arguments of an operation, or the reply to a step. */
export type Writes = (out: MessageWriter) => void;

function instantiate(): CoreExports {
  const refuse = () => wasiBadDescriptor;
  const instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: { fd_close: refuse, fd_seek: refuse, fd_write: refuse },
  });
  const core = instance.exports as unknown as CoreExports;
  core._initialize();
  const found = core.weir_abi_version();
  if (found !== abiVersion) {
    throw new Error(`weir.wasm has ABI ${found}, this Worker needs ${abiVersion}`);
  }
  return core;
}

/** An exception of any method leaves an instance that nobody may use again. */
export class Core {
  readonly #core = instantiate();

  begin(write: Writes): Session {
    const core = this.#core;
    return new Session(
      core,
      send(core, write, (block, size) => core.weir_begin(block, size)),
    );
  }
}

/** One operation. Call `end()` when done with it; after an exception the instance is garbage. */
export class Session {
  readonly #core: CoreExports;
  readonly #session: number;

  constructor(core: CoreExports, session: number) {
    this.#core = core;
    this.#session = session;
  }

  start(): Step {
    return this.#step(this.#core.weir_resume(this.#session, 0, 0));
  }

  resume(reply: Writes): Step {
    const resume = (block: number, size: number) =>
      this.#core.weir_resume(this.#session, block, size);
    return this.#step(send(this.#core, reply, resume));
  }

  end(): void {
    this.#core.weir_end(this.#session);
  }

  #step(size: number): Step {
    const at = this.#core.weir_message(this.#session);
    return readStep(new MessageReader(new Uint8Array(this.#core.memory.buffer, at, size)));
  }
}

function send<T>(core: CoreExports, write: Writes, call: (block: number, size: number) => T): T {
  const out = new MessageWriter(core);
  write(out);
  const result = call(out.block, out.size);
  out.free();
  return result;
}

function readStep(message: MessageReader): Step {
  switch (message.u8()) {
    case 0:
      return {
        kind: "group",
        writes: message.u8() !== 0,
        statements: message.list(() => ({
          id: message.u16(),
          parameters: message.list(() => message.value()),
        })),
      };
    case 1:
      return {
        kind: "read",
        ranges: message.list(() => ({
          segment: message.i64(),
          offset: message.u32(),
          length: message.u32(),
        })),
      };
    case 2:
      return { kind: "emit", head: readHead(message), bytes: message.bytes() };
    default:
      return {
        kind: "done",
        code: message.u32(),
        message: message.text(),
        counters: Object.fromEntries(message.list(() => [message.text(), message.i64()])),
      };
  }
}

function readHead(message: MessageReader): AnswerHead | null {
  if (message.u8() === 0) return null;
  return { status: message.u16(), contentType: message.text(), retryAfterS: message.u32() };
}

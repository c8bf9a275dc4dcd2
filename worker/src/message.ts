// Messages: the flat encoding that crosses the C ABI (docs/abi.md).
//
// The writer puts a message straight into the module's memory, so that a blob's hex digits are
// copied once, by TextEncoder.encodeInto. The reader copies what it returns: the module may move
// or reuse its memory at the next call.

/** What the module exports (wasm/abi.h). Pointers and sizes are byte offsets into `memory`. */
export interface CoreExports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  weir_abi_version(): number;
  weir_alloc(size: number): number;
  weir_free(block: number): void;
  weir_begin(message: number, size: number): number;
  weir_resume(session: number, message: number, size: number): number;
  weir_message(session: number): number;
  weir_end(session: number): void;
}

export type Value = null | number | string;

/** The numbers of the core's status codes that hosts use (core/include/weir/status.h). */
export const Code = {
  ok: 0,
  invalid: 1,
  corrupt: 2,
  notFound: 4,
  conflict: 5,
  unavailable: 7,
  constraint: 8,
  denied: 10,
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const tagNull = 0;
const tagInteger = 1;
const tagText = 2;

/** Writes one message. Free it with `free()`. */
export class MessageWriter {
  readonly #core: CoreExports;
  #block = 0;
  #capacity = 0;
  #size = 0;
  #bytes = new Uint8Array();
  #view = new DataView(new ArrayBuffer(0));

  constructor(core: CoreExports) {
    this.#core = core;
    this.#reserve(256);
  }

  get block(): number {
    return this.#block;
  }
  get size(): number {
    return this.#size;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#size, value);
    this.#size += 1;
  }
  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#size, value, true);
    this.#size += 4;
  }
  /** `value` must be a safe integer: every stored integer is. */
  i64(value: number): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#size, BigInt(value), true);
    this.#size += 8;
  }
  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#size);
    this.#size += value.length;
  }
  text(value: string): void {
    // One UTF-16 unit takes three bytes at most.
    this.#reserve(4 + 3 * value.length);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#size + 4));
    this.u32(written);
    this.#size += written;
  }
  value(value: Value): void {
    if (value === null) {
      this.u8(tagNull);
    } else if (typeof value === "number") {
      this.u8(tagInteger);
      this.i64(value);
    } else {
      this.u8(tagText);
      this.text(value);
    }
  }

  free(): void {
    this.#core.weir_free(this.#block);
    this.#block = 0;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#capacity) return;
    const capacity = Math.max(this.#size + more, 2 * this.#capacity);
    const block = this.#core.weir_alloc(capacity);
    if (block === 0) throw new RangeError(`a message of ${capacity} bytes is too large`);
    const memory = this.#core.memory.buffer; // the allocation may have replaced it
    new Uint8Array(memory).copyWithin(block, this.#block, this.#block + this.#size);
    this.#core.weir_free(this.#block);
    this.#block = block;
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(memory, block, capacity);
    this.#view = new DataView(memory, block, capacity);
  }
}

/** Reads one message. Its bytes come from our own module, so a short one is a bug: it throws. */
export class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  i64(): number {
    return Number(this.#view.getBigInt64(this.#advance(8), true));
  }
  bytes(): Uint8Array {
    const size = this.u32();
    const at = this.#advance(size);
    return this.#bytes.slice(at, at + size);
  }
  text(): string {
    const size = this.u32();
    const at = this.#advance(size);
    return decoder.decode(this.#bytes.subarray(at, at + size));
  }
  value(): Value {
    switch (this.u8()) {
      case tagInteger:
        return this.i64();
      case tagText:
        return this.text();
      default:
        return null;
    }
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }

  #advance(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new RangeError("a message of the core is cut short");
    this.#at = at + size;
    return at;
  }
}

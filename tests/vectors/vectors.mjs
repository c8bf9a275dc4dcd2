// Runs vectors (vectors.h) in Node: in the WebAssembly module, and in the native tool.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { projectPath } from "../../tools/project.mjs";

const modulePath = projectPath("build/wasm-wasi/tests/vectors/weir_vectors.wasm");
const nativePath = process.env.WEIR_VECTORS ?? projectPath("build/dev/tests/vectors/weir_vectors");

export const wasiImports = {
  wasi_snapshot_preview1: { fd_close: () => 8, fd_seek: () => 8, fd_write: () => 8 },
};

/** A request: length and text of the kind, then the input. */
function request(kind, input) {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(Buffer.byteLength(kind));
  return Buffer.concat([head, Buffer.from(kind), input]);
}

/** The module, instantiated once. */
export class WasmVectors {
  #exports;

  constructor() {
    const module = new WebAssembly.Module(readFileSync(modulePath));
    this.#exports = new WebAssembly.Instance(module, wasiImports).exports;
    this.#exports._initialize();
  }

  run(kind, input) {
    const { memory, weir_alloc, weir_free, weir_vector, weir_vector_output } = this.#exports;
    const bytes = request(kind, input);
    const block = weir_alloc(bytes.length);
    if (block === 0) throw new RangeError(`a request of ${bytes.length} bytes is too large`);
    Buffer.from(memory.buffer, block, bytes.length).set(bytes);
    const size = weir_vector(block, bytes.length);
    weir_free(block);
    return Buffer.from(Buffer.from(memory.buffer, weir_vector_output(), size)); // a copy
  }
}

/** The native tool, as a process that answers one request after the other. */
export class NativeVectors {
  #process = spawn(nativePath, { stdio: ["pipe", "pipe", "inherit"] });
  #chunks = this.#process.stdout[Symbol.asyncIterator]();
  #buffered = Buffer.alloc(0);

  async run(kind, input) {
    const bytes = request(kind, input);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    this.#process.stdin.write(head);
    this.#process.stdin.write(bytes);
    const size = (await this.#take(4)).readUInt32LE();
    return this.#take(size);
  }

  close() {
    this.#process.stdin.end();
  }

  async #take(size) {
    const parts = [this.#buffered];
    let length = this.#buffered.length;
    while (length < size) {
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error("weir_vectors ended early");
      parts.push(value);
      length += value.length;
    }
    const all = Buffer.concat(parts);
    this.#buffered = all.subarray(size);
    return all.subarray(0, size);
  }
}

/** SplitMix64: seeded, so that a failure can be repeated. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = BigInt(seed);
  }
  next() {
    const mask = (1n << 64n) - 1n;
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & mask;
    let value = this.#state;
    value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & mask;
    return value ^ (value >> 31n);
  }
  /** In [0, bound). */
  below(bound) {
    return Number(this.next() % BigInt(bound));
  }
}

/** Inputs of the recipes in vectors.h. */
export const recipe = {
  segment({ log, first = 0, count = 10, seed = 1, startMs, rate = 100, open = false }) {
    const input = Buffer.alloc(49);
    Buffer.from(log, "hex").copy(input);
    input.writeBigUInt64LE(BigInt(first), 16);
    input.writeUInt32LE(count, 24);
    input.writeBigUInt64LE(BigInt(seed), 28);
    input.writeBigInt64LE(BigInt(startMs), 36);
    input.writeUInt32LE(rate, 44);
    input.writeUInt8(open ? 1 : 0, 48);
    return input;
  },
  gap({ log, first, end, reason, nowMs }) {
    const input = Buffer.alloc(41);
    Buffer.from(log, "hex").copy(input);
    input.writeBigUInt64LE(BigInt(first), 16);
    input.writeBigUInt64LE(BigInt(end), 24);
    input.writeUInt8(reason, 32);
    input.writeBigInt64LE(BigInt(nowMs), 33);
    return input;
  },
  api({ seed, count, target }) {
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(seed));
    head.writeUInt32LE(count, 8);
    return Buffer.concat([head, Buffer.from(target)]);
  },
  summary({ seed, count, parts }) {
    const input = Buffer.alloc(16);
    input.writeBigUInt64LE(BigInt(seed));
    input.writeUInt32LE(count, 8);
    input.writeUInt32LE(parts, 12);
    return input;
  },
};

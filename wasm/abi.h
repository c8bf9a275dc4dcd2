// The C ABI: what the Worker, or any other host of WebAssembly, sees of the core.
//
// A host drives one storage operation at a time: it begins one with arguments, does what each step
// says, and resumes with the answer until the step is Done. Arguments, steps and answers are
// messages in one flat encoding (docs/abi.md). Nothing of the host is called back,
// so the module imports nothing but the three WASI functions that libc++ drags in.
//
// Memory: a message that goes in stands in a block of weir_alloc, which the host frees; a message
// that comes out belongs to the session, until the next call on it.
// The module is built with a fixed maximum of memory: an operation that needs more traps, and the
// host throws the whole instance away. There is no other failure: bad arguments give an operation
// whose first step is Done with kInvalid.
//
// Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__wasm__)
#define WEIR_EXPORT(name) __attribute__((export_name(#name)))
#else
#define WEIR_EXPORT(name)
#endif

namespace weir {

// Grows by one with every change that an older host would misread. Host and module are built from
// the same tree; the check catches a stale build.
inline constexpr uint32_t kAbiVersion = 1;

// One message. 4 MiB of blobs arrive as 8 MiB of hex; the rest is room for the other columns.
inline constexpr uint32_t kAbiMessageBytesMax = 16 << 20;

class Session;

}  // namespace weir

extern "C" {

WEIR_EXPORT(weir_abi_version) uint32_t weir_abi_version();

// A block for a message that goes in, or null past kAbiMessageBytesMax or without memory.
WEIR_EXPORT(weir_alloc) uint8_t* weir_alloc(uint32_t size);
WEIR_EXPORT(weir_free) void weir_free(uint8_t* block);

// Begins an operation; the arguments are copied. Never null.
WEIR_EXPORT(weir_begin) weir::Session* weir_begin(const uint8_t* arguments, uint32_t size);
// Goes on to the next step, with the reply to the last one (none at first), and returns the size of
// its message. Precondition: the last step was not Done.
WEIR_EXPORT(weir_resume)
uint32_t weir_resume(weir::Session* session, const uint8_t* reply, uint32_t size);
// The message of the current step.
WEIR_EXPORT(weir_message) const uint8_t* weir_message(const weir::Session* session);
WEIR_EXPORT(weir_end) void weir_end(weir::Session* session);

}  // extern "C"

// Blocks for messages that go into a module.
#include <cstdlib>

#include "abi.h"

uint8_t* weir_alloc(uint32_t size) {
  if (size > weir::kAbiMessageBytesMax) return nullptr;
  return static_cast<uint8_t*>(std::malloc(size == 0 ? 1 : size));
}

void weir_free(uint8_t* block) { std::free(block); }

#include "native/store/ring_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

// How many of the `bytes` at `begin`, which stands at a page, are in memory.
size_t resident_bytes(uint8_t* begin, size_t bytes) {
  const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(bytes / page_bytes);
  REQUIRE(mincore(begin, bytes, pages.data()) == 0);
  const auto resident =
      std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; });
  return static_cast<size_t>(resident) * page_bytes;
}

TEST_CASE("a large ring's first huge page is there before it is used, and nothing of the rest") {
  for (const size_t bytes : {kHugePageBytes, 8 * kHugePageBytes}) {
    const RingMemory memory = allocate_ring_memory(bytes);
    REQUIRE(reinterpret_cast<uintptr_t>(memory.get()) % kHugePageBytes == 0);
    CHECK(resident_bytes(memory.get(), kHugePageBytes) == kHugePageBytes);
    CHECK(resident_bytes(memory.get() + kHugePageBytes, bytes - kHugePageBytes) == 0);
  }
}

TEST_CASE("any number of bytes can be written") {
  for (const size_t bytes : {size_t{1}, size_t{4097}, kHugePageBytes - 1, kHugePageBytes,
                             kHugePageBytes + 1, 3 * kHugePageBytes + 5}) {
    const RingMemory memory = allocate_ring_memory(bytes);
    std::memset(memory.get(), 0xa5, bytes);
    CHECK(memory[bytes - 1] == 0xa5);
  }
}

}  // namespace
}  // namespace weir

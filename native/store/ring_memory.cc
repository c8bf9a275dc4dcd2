#include "native/store/ring_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace weir {

RingMemory allocate_ring_memory(size_t bytes) {
  const bool is_huge = bytes >= kHugePageBytes;
  const size_t alignment = is_huge ? kHugePageBytes : alignof(std::max_align_t);
  const size_t aligned_bytes = (bytes + alignment - 1) / alignment * alignment;
  RingMemory memory(static_cast<uint8_t*>(std::aligned_alloc(alignment, aligned_bytes)));
  if (!memory) throw std::bad_alloc();
  if (is_huge) {
    // Advice: a kernel that does not take it gives ordinary pages, which serve as well.
    static_cast<void>(madvise(memory.get(), kHugePageBytes, MADV_HUGEPAGE));
    std::memset(memory.get(), 0, kHugePageBytes);
  }
  return memory;
}

}  // namespace weir

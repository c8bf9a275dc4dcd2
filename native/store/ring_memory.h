// RingMemory: the bytes of an event ring, and where they come from.
//
// A thread writes to its ring once for each answer, and between two of them it and others use up
// cache and TLB; a miss of the latter, for which a virtual machine walks two page tables, costs
// more than the rest of a hand-off. So the start of a ring, where it lives without a backlog, is
// one huge page if the kernel has one to give (transparent huge pages, madvise(2)), taken before
// the first event. What is behind it are ordinary pages, taken when a backlog first needs them: a
// DNS thread would wait while the kernel clears a huge one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace weir {

inline constexpr size_t kHugePageBytes = 2 << 20;

struct FreeRingMemory {
  void operator()(uint8_t* bytes) const noexcept { std::free(bytes); }
};
using RingMemory = std::unique_ptr<uint8_t[], FreeRingMemory>;

// At least `bytes`, of no determined value. Less than a huge page is ordinary pages throughout, and
// none is taken before it is used: such rings are small because they are many. Throws
// std::bad_alloc.
RingMemory allocate_ring_memory(size_t bytes);

}  // namespace weir

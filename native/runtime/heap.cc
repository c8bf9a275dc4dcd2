#include "native/runtime/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace weir {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kKeptBytes = 4 << 20;
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);  // larger ones are the kernel's at once
#endif
}

}  // namespace weir

// What the allocator does with memory that was freed.
#pragma once

namespace weir {

// Lets each of its arenas keep a few megabytes: a question takes and frees about as much as the one
// before, and to get it from the kernel anew, page by page, costs more than a short answer. Before
// the first thread starts.
void keep_freed_memory();

}  // namespace weir

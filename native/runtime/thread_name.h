// Names for threads, as ps, top and debuggers show them.
#pragma once

#include <string_view>

namespace weir {

// Of the calling thread; the kernel keeps the first 15 bytes.
void set_thread_name(std::string_view name);

}  // namespace weir

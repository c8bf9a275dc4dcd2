// pthread names: bounded by the kernel, so they are cut rather than refused.
#include "native/runtime/thread_name.h"

#include <pthread.h>

#include <string>

namespace weir {

void set_thread_name(std::string_view name) {
  // Longer names would be refused with ERANGE; with 15 bytes the call cannot fail.
  pthread_setname_np(pthread_self(), std::string(name.substr(0, 15)).c_str());
}

}  // namespace weir

// WithoutRootPowers: while it lives, this thread and the threads that it makes obey the permissions
// of files even as root, so that a folder without the right to write is one for every user.
#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "catch.h"

namespace weir {

class WithoutRootPowers {
 public:
  WithoutRootPowers() {
    REQUIRE(::syscall(SYS_capget, &head_, saved_) == 0);
    __user_cap_data_struct less[kWords] = {saved_[0], saved_[1]};
    less[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER);
    REQUIRE(::syscall(SYS_capset, &head_, less) == 0);
  }
  ~WithoutRootPowers() { CHECK(::syscall(SYS_capset, &head_, saved_) == 0); }
  WithoutRootPowers(const WithoutRootPowers&) = delete;
  WithoutRootPowers& operator=(const WithoutRootPowers&) = delete;

 private:
  static constexpr int kWords = _LINUX_CAPABILITY_U32S_3;
  __user_cap_header_struct head_{_LINUX_CAPABILITY_VERSION_3, 0};  // 0: this thread
  __user_cap_data_struct saved_[kWords] = {};
};

}  // namespace weir

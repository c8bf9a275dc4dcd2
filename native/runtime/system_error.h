// Failures of system calls as Status.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "weir/status.h"

namespace weir {

// kUnavailable: "<what>: <the reason in words>".
inline Status system_status(const std::string& what, int error = errno) {
  return {Code::kUnavailable, what + ": " + std::generic_category().message(error)};
}

}  // namespace weir

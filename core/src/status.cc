#include "weir/status.h"

namespace weir {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kInvalid:
      return "invalid";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kTooLarge:
      return "too_large";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kFull:
      return "full";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kConstraint:
      return "constraint";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kDenied:
      return "denied";
    case Code::kExhausted:
      return "exhausted";
  }
  return "unknown";
}

}  // namespace weir

#include "native/forward/trouble.h"

#include <spdlog/spdlog.h>

namespace weir {

void Trouble::set(const std::string& what) {
  if (what == what_) return;
  what_ = what;
  if (what.empty()) {
    spdlog::info("forward: {} works again", who_);
  } else {
    spdlog::warn("forward: {}: {}", who_, what);
  }
}

std::string trouble_of(const Result<HttpAnswer>& answer, const ReceiverAnswer& read) {
  if (!answer.ok()) return answer.status().message();
  switch (answer->status) {
    case 200:
      // A captive portal, or somebody's web site.
      if (!read.stored_through) return "it does not answer like a receiver: is forward.url right?";
      return {};
    case 409:
    case 413:
    case 422:
      return {};
    case 401:
    case 403:
      return "it refuses forward.token for this site (HTTP " + std::to_string(answer->status) + ")";
    case 404:
      return "it does not know the path (HTTP 404): is forward.url right?";
    case 429:
      return "it asks to wait (HTTP 429)";
    default:
      return "it answers HTTP " + std::to_string(answer->status);
  }
}

}  // namespace weir

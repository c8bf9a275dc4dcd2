// Trouble: says what is wrong when it begins, when it becomes something else, and when it ends, and
// not at every try in between.
#pragma once

#include <optional>
#include <string>

#include "native/forward/http_client.h"
#include "weir/forward.h"

namespace weir {

// Lives on one thread.
class Trouble {
 public:
  explicit Trouble(std::string who) : who_(std::move(who)) {}

  // Empty: all is well.
  void set(const std::string& what);

 private:
  std::string who_;
  std::string what_;
};

// What a person should know of an answer, or of its absence; empty if nothing is wrong. Conflicts
// and refused segments are part of the protocol.
std::string trouble_of(const Result<HttpAnswer>& answer, const ReceiverAnswer& read);

}  // namespace weir

// Status and Result: how every part of Weir reports failure.
//
// There are three kinds of failure and three treatments. Bad input becomes a Result with kInvalid,
// kCorrupt or kTooLarge and is counted by the caller. A failure of the environment is kUnavailable
// (or kFull for a bounded buffer): the same work may be repeated later. A bug of ours is
// WEIR_CHECK, which stops the program in release builds too. Core and wasm are built without
// exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

// Frozen: the numbers cross the C ABI and are stored nowhere else. Append only.
enum class Code : int32_t {
  kOk = 0,
  kInvalid = 1,      // bad input: a parameter, a message, a configuration
  kCorrupt = 2,      // stored or received bytes that fail their checks
  kTooLarge = 3,     // beyond a bound of limits.h
  kNotFound = 4,     // the thing named does not exist
  kConflict = 5,     // a guard did not hold: somebody else was there first
  kFull = 6,         // a bounded buffer has no room now
  kUnavailable = 7,  // the environment failed (busy, I/O, network): repeat the same bytes later
  kConstraint = 8,   // the database refuses this data and always will
  kUnsupported = 9,  // a newer version or a feature that this build has not
  kDenied = 10,      // not authenticated or not allowed
  kExhausted = 11,   // the work budget ran out
};

// The snake_case name of a code, for messages and metrics labels. Static lifetime.
std::string_view code_name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status ok_status() { return {}; }
  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // For people: one sentence without a final dot; may hold untrusted bytes only where they are
  // escaped.
  const std::string& message() const { return message_; }

  // True if the data itself is at fault, so that repeating the same bytes can never succeed.
  bool is_data_error() const {
    return code_ == Code::kInvalid || code_ == Code::kCorrupt || code_ == Code::kTooLarge ||
           code_ == Code::kConstraint;
  }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  // Precondition of value(), * and ->: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Status status() const { return ok() ? Status() : std::get<1>(state_); }

 private:
  std::variant<T, Status> state_;
};

namespace internal {
// Stops the program at once; there is no state worth unwinding after a broken invariant.
[[noreturn]] inline void check_failed() { __builtin_trap(); }
}  // namespace internal

}  // namespace weir

#define WEIR_CHECK(condition)           \
  do {                                  \
    if (!(condition)) [[unlikely]]      \
      ::weir::internal::check_failed(); \
  } while (false)

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// Returns the Status from the enclosing function if it is not ok.
#define WEIR_TRY(expression)                                                                 \
  do {                                                                                       \
    if (::weir::Status weir_status_ = (expression); !weir_status_.ok()) return weir_status_; \
  } while (false)

// WEIR_ASSIGN(auto x, f()): x = *f(), or returns f's Status from the enclosing function.
#define WEIR_ASSIGN(target, expression) \
  WEIR_ASSIGN_INNER(WEIR_CONCAT(weir_result_, __LINE__), target, expression)
#define WEIR_ASSIGN_INNER(result, target, expression) \
  auto result = (expression);                         \
  if (!result.ok()) return result.status();           \
  target = std::move(result).value()

#include "weir/status.h"

#include "catch.h"

namespace weir {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return Status(Code::kInvalid, "odd");
  return number / 2;
}

Result<int> quarter_of(int number) {
  WEIR_ASSIGN(int half, half_of(number));
  return half_of(half);
}

TEST_CASE("a default status is ok and has no message") {
  Status status;
  CHECK(status.ok());
  CHECK(status.message().empty());
}

TEST_CASE("WEIR_ASSIGN hands the first failure on") {
  CHECK(*quarter_of(8) == 2);
  CHECK(quarter_of(6).status().code() == Code::kInvalid);
  CHECK(quarter_of(5).status().message() == "odd");
}

TEST_CASE("only errors of the data are data errors") {
  CHECK(Status(Code::kConstraint, "").is_data_error());
  CHECK(Status(Code::kTooLarge, "").is_data_error());
  CHECK_FALSE(Status(Code::kUnavailable, "").is_data_error());
  CHECK_FALSE(Status(Code::kConflict, "").is_data_error());
}

TEST_CASE("code names are snake_case and distinct from unknown") {
  for (int32_t number = 0; number <= 11; ++number) {
    CHECK(code_name(static_cast<Code>(number)) != "unknown");
  }
  CHECK(code_name(static_cast<Code>(99)) == "unknown");
}

}  // namespace
}  // namespace weir

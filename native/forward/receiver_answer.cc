// nlohmann_json reads the few fields; its exceptions are never provoked: parsing is asked not to
// throw, and every member's type is looked at before it is read.
#include "native/forward/receiver_answer.h"

#include <nlohmann/json.hpp>

#include "weir/limits.h"

namespace weir {
namespace {

using Json = nlohmann::json;

// The member as an integer in [0, max].
std::optional<uint64_t> integer_at(const Json& object, const char* key, uint64_t max) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(key);
  if (member == object.end() || !member->is_number_unsigned()) return std::nullopt;
  const auto value = member->get<uint64_t>();
  if (value > max) return std::nullopt;
  return value;
}

std::optional<ReceiverAnswer::Row> row_at(const Json& object, const char* key) {
  if (!object.contains(key)) return std::nullopt;
  const Json& row = object[key];
  const auto first = integer_at(row, "first", kEventNumberMax);
  const auto count = integer_at(row, "count", kEventNumberMax);
  const auto crc = integer_at(row, "crc", UINT32_MAX);
  if (!first || !count || !crc) return std::nullopt;
  return ReceiverAnswer::Row{*first, *count, static_cast<uint32_t>(*crc)};
}

}  // namespace

ReceiverAnswer read_receiver_answer(const HttpAnswer& answer) {
  ReceiverAnswer read;
  read.http_status = answer.status;
  read.retry_after_s = answer.retry_after_s;
  const Json body = Json::parse(answer.body, nullptr, false);
  if (!body.is_object()) return read;
  read.stored_through = integer_at(body, "stored_through", kEventNumberMax);
  read.last = row_at(body, "last");
  if (const auto interval_s = integer_at(body, "interval_s", kForwardIntervalMsMax / 1000)) {
    read.interval_s = static_cast<int64_t>(*interval_s);
  }
  const auto code = body.find("code");
  read.fork = code != body.end() && code->is_string() && *code == "fork";
  return read;
}

}  // namespace weir

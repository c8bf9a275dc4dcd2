#include "vectors.h"

#include <algorithm>

#include "bytes.h"
#include "support/event_generator.h"
#include "vector_kinds.h"
#include "weir/dns_message.h"
#include "weir/limits.h"
#include "weir/rules.h"
#include "weir/summary.h"

namespace weir {
namespace {

// An answer that begins with a status.
class Answer {
 public:
  Answer() { out_.u32(static_cast<uint32_t>(Code::kOk)); }
  explicit Answer(const Status& status) { out_.u32(static_cast<uint32_t>(status.code())); }

  ByteWriter& out() { return out_; }
  void sized(ByteView bytes) {
    out_.u32(static_cast<uint32_t>(bytes.size()));
    out_.bytes(bytes);
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
  ByteWriter out_{bytes_};
};

LogId take_log_id(ByteReader& in) {
  LogId id;
  const ByteView bytes = in.take(id.bytes.size());
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

Bytes make_segment(ByteReader in) {
  SegmentBuilder::Options options;
  options.log = take_log_id(in);
  options.first = in.u64();
  const uint32_t count = in.u32();
  EventGenerator::Options workload;
  workload.seed = in.u64();
  workload.start_ms = static_cast<int64_t>(in.u64());
  workload.events_per_second = in.u32();
  options.open = in.u8() != 0;
  if (!in.ok() || workload.events_per_second == 0) return {};
  options.ledger.offered = options.first + count;
  EventGenerator events(workload);
  SegmentBuilder builder;
  for (uint32_t i = 0; i < count && builder.add(events.next()).ok(); ++i) continue;
  return builder.empty() ? Bytes{} : builder.encode(options);
}

Bytes make_gap(ByteReader in) {
  const LogId log = take_log_id(in);
  const uint64_t first = in.u64();
  const uint64_t end = in.u64();
  const auto reason = static_cast<GapReason>(in.u8());
  const auto now_ms = static_cast<int64_t>(in.u64());
  if (!in.ok() || end <= first || end > kEventNumberMax) return {};
  return encode_gap(log, first, end, reason, now_ms, {.offered = end});
}

Bytes read_segment(ByteView input) {
  const auto reader = SegmentReader::open(input);
  if (!reader.ok()) return Answer(reader.status()).take();
  Answer answer;
  std::array<uint8_t, kEventBytesMax> flat;
  for (size_t i = 0; i < reader->count(); ++i) {
    answer.sized(ByteView(flat).first(encode_event(reader->event(i), flat)));
  }
  return answer.take();
}

Bytes move_segment(ByteView input) {
  SegmentBuilder::Options options;
  options.log.bytes.fill(0x77);
  options.open = true;
  const auto moved = rewrite_segment_head(input, options);
  if (!moved.ok()) return Answer(moved.status()).take();
  Answer answer;
  answer.sized(*moved);
  return answer.take();
}

Bytes summarize(ByteReader in) {
  const uint64_t seed = in.u64();
  const uint32_t count = in.u32();
  const uint32_t parts = in.u32();
  if (!in.ok() || parts == 0) return {};
  EventGenerator::Options workload;
  workload.seed = seed;
  workload.start_ms = kVectorStartMs;
  EventGenerator events(workload);
  Summary hour(Summary::Span::kHour, kVectorStartMs / kHourMs * kHourMs);
  for (uint32_t part = 0; part < parts; ++part) {
    Summary piece(hour.span(), hour.start_ms());
    for (uint32_t i = part; i < count; i += parts) piece.add(events.next());
    hour.merge(piece);
  }
  Summary day(Summary::Span::kDay, kVectorStartMs / kDayMs * kDayMs);
  day.merge(hour);
  Answer answer;
  answer.sized(hour.encode(kHourRollupBytesMax));
  answer.sized(day.encode(kDayRollupBytesMax));
  return answer.take();
}

Bytes read_summary(ByteView input) {
  const auto summary = Summary::decode(input);
  if (!summary.ok()) return Answer(summary.status()).take();
  Answer answer;
  answer.sized(summary->encode(kDayRollupBytesMax));
  return answer.take();
}

Bytes read_query(ByteView input) {
  const auto query = read_dns_query(input);
  if (!query.ok()) return Answer(query.status()).take();
  std::array<uint8_t, kUdpPayloadBytesMin> out;
  const size_t size = write_error_response(*query, rcode::kRefused, out);
  Answer answer;
  answer.sized(query->qname.wire());
  answer.out().u16(query->qtype);
  answer.sized(ByteView(out).first(size));
  return answer.take();
}

Bytes read_response(ByteView input) {
  const auto response = read_dns_response(input);
  if (!response.ok()) return Answer(response.status()).take();
  Bytes message(input.begin(), input.end());
  age_ttls(message, response->ttl_offsets, 7);
  message.resize(truncate_response(message, kUdpPayloadBytesMin));
  Answer answer;
  answer.sized(response->qname.wire());
  answer.out().u32(response->cache_ttl_s.value_or(0));
  answer.sized(message);
  return answer.take();
}

Bytes match_rules(ByteView input) {
  std::string_view names = as_text(input);
  const size_t split = std::min(names.find('\0'), names.size());
  RuleSetBuilder builder;
  Status status = builder.begin_list("list");
  if (status.ok()) status = builder.add_text(names.substr(0, split));
  const auto rules = builder.build();
  if (!status.ok() || !rules.ok()) return {};
  names.remove_prefix(split);
  Bytes verdicts;
  while (!names.empty()) {
    names.remove_prefix(1);  // the NUL, or the line's end
    const size_t end = std::min(names.find('\n'), names.size());
    const auto name = DnsName::parse(names.substr(0, end));
    verdicts.push_back(name.ok() && rules->match(*name).has_value());
    names.remove_prefix(end);
  }
  return verdicts;
}

struct Kind {
  std::string_view name;
  Bytes (*run)(ByteView input);
};
constexpr Kind kKinds[] = {
    {"segment", [](ByteView input) { return make_segment(ByteReader(input)); }},
    {"gap", [](ByteView input) { return make_gap(ByteReader(input)); }},
    {"segment_read", read_segment},
    {"segment_move", move_segment},
    {"summary", [](ByteView input) { return summarize(ByteReader(input)); }},
    {"summary_read", read_summary},
    {"dns_query", read_query},
    {"dns_response", read_response},
    {"rules", match_rules},
    {"api", answer_api},
};

}  // namespace

Bytes run_vector(std::string_view kind, ByteView input) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [kind](const Kind& known) { return known.name == kind; });
  return found == std::end(kKinds) ? Bytes{} : found->run(input);
}

Bytes run_vector_request(ByteView request) {
  ByteReader in(request);
  const std::string_view kind = in.take_text(in.u32());
  return run_vector(kind, in.take(in.remaining()));
}

}  // namespace weir

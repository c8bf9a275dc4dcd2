// Answers as they are kept between upstream and client, and how one is turned into the message for
// a particular client.
//
// A kept answer is the upstream's message without its OPT record (and without what stood behind
// that: additional records, which are optional). Everything that belongs to one client, namely id,
// RD, CD, the letter case of the question, EDNS and the size limit, is put in by render_answer().
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "native/runtime/clock.h"
#include "weir/dns_message.h"
#include "weir/event.h"

namespace weir {

// A question from a client, as parsed, with what the answer and the event need to know.
struct Request {
  DnsQuery query;
  std::array<uint8_t, kNameWireBytesMax + 4> question{};  // as sent, in the client's letter case
  size_t question_bytes = 0;
  Client client;  // after privacy
  Transport transport = Transport::kUdp;
  ClockPair arrival;
};

// Borrows the bytes of an Answer or a CachedAnswer.
struct AnswerView {
  std::span<const uint8_t> message;
  std::span<const uint32_t> ttl_offsets;
  uint16_t rcode = 0;  // extended
  uint32_t age_s = 0;  // what every TTL has lost since
};

struct Answer {
  std::vector<uint8_t> message;
  std::vector<uint32_t> ttl_offsets;
  uint16_t rcode = 0;
  std::optional<uint32_t> ttl_s;  // how long it may be kept

  AnswerView view() const { return {message, ttl_offsets, rcode, 0}; }
};

// `response` is what read_dns_response() made of `message`.
Answer make_answer(std::span<const uint8_t> message, const DnsResponse& response);

// Brings ttl_s and every TTL of the answer within [min, max].
void clamp_answer(Answer* answer, uint32_t ttl_min_s, uint32_t ttl_max_s);

// The most bytes that the client takes: 65,535 over TCP, over UDP what its EDNS says, between
// kUdpPayloadBytesMin and kUdpPayloadBytesMax.
size_t response_limit(const Request& request);

// True if the AD bit may be shown: the answer has it and the client asked to see it (RFC 6840 5.7).
bool shows_ad(const AnswerView& answer, const Request& request);

// Puts the client's letter case into a message of ours that repeats the question of `request`.
void restore_question(const Request& request, std::span<uint8_t> message);

// An answer of our own, without a cache behind it: header and question, the records that
// fill(writer) adds, OPT if the client sent one. Cut to the question with TC set like
// render_answer().
template <class Fill>
size_t write_answer(const Request& request, uint16_t rcode, std::span<uint8_t> out, Fill fill);

// Writes the client's message, cut to the question with TC set where it passes response_limit() or
// `out`. Returns the bytes used; `out` must have room for kUdpPayloadBytesMin.
size_t render_answer(const AnswerView& answer, const Request& request, std::span<uint8_t> out);

namespace internal {
// Header and question of an answer of our own.
void begin_answer(const Request& request, uint16_t rcode, bool truncated, DnsWriter* writer);
// OPT and the counts.
size_t end_answer(const Request& request, DnsWriter* writer, std::span<uint8_t> out);
}  // namespace internal

template <class Fill>
size_t write_answer(const Request& request, uint16_t rcode, std::span<uint8_t> out, Fill fill) {
  const std::span<uint8_t> room = out.first(std::min(response_limit(request), out.size()));
  DnsWriter writer(room);
  internal::begin_answer(request, rcode, false, &writer);
  fill(writer);
  const size_t size = internal::end_answer(request, &writer, room);
  if (size != 0) return size;
  DnsWriter truncated(room);
  internal::begin_answer(request, rcode, true, &truncated);
  return internal::end_answer(request, &truncated, room);
}

}  // namespace weir

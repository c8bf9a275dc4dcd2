// A Summary as bytes and back. docs/summary_format.md has the layout.
#include <algorithm>
#include <numeric>

#include "counts.h"
#include "summary_state.h"

namespace weir {
namespace {

constexpr uint8_t kSummaryVersion = 1;
constexpr size_t kChecksumBytes = 4;

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

uint64_t sum(std::span<const uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

}  // namespace

void Summary::State::encode_fixed(Bytes* out) const {
  ByteWriter writer(*out);
  writer.u8(kSummaryVersion);
  writer.u8(static_cast<uint8_t>(span));
  writer.varint(static_cast<uint64_t>(start_ms));
  encode_counts(counts.by_outcome, out);
  encode_counts(transports, out);
  encode_sparse_counts(types.slots(), out);
  encode_sparse_counts(rcodes.slots(), out);
  durations.encode(out);
  for (const OutcomeCounts& bucket : series) encode_counts(bucket.by_outcome, out);
  names.encode(out);
  clients.encode(out);
}

Bytes Summary::encode(size_t bytes_max) const {
  Bytes fixed;
  state_->encode_fixed(&fixed);
  Bytes lists;
  const auto encode_lists = [&](size_t keys_max) {
    lists.clear();
    for (const SpaceSaving& list : state_->tops) list.encode(keys_max, &lists);
    return fixed.size() + lists.size() + kChecksumBytes <= bytes_max;
  };
  // The most keys per list that fit; none at all where nothing fits.
  size_t fits = 0;
  size_t too_many = kTopKeysMax + 1;
  if (encode_lists(kTopKeysMax)) fits = kTopKeysMax;
  while (fits < kTopKeysMax && fits + 1 < too_many) {
    const size_t middle = fits + (too_many - fits) / 2;
    (encode_lists(middle) ? fits : too_many) = middle;
  }
  encode_lists(fits);
  fixed.insert(fixed.end(), lists.begin(), lists.end());
  ByteWriter(fixed).u32(crc32c(fixed));
  return fixed;
}

bool Summary::State::decode_fields(ByteReader* reader) {
  if (!decode_counts(reader, counts.by_outcome) || !decode_counts(reader, transports)) return false;
  if (!decode_sparse_counts(reader, types.slots())) return false;
  if (!decode_sparse_counts(reader, rcodes.slots())) return false;
  if (!durations.decode(reader)) return false;
  for (OutcomeCounts& bucket : series) {
    if (!decode_counts(reader, bucket.by_outcome)) return false;
  }
  if (!names.decode(reader) || !clients.decode(reader)) return false;
  return std::all_of(tops.begin(), tops.end(),
                     [&](SpaceSaving& list) { return list.decode(reader); });
}

bool Summary::State::adds_up() const {
  const uint64_t total = counts.total();
  return sum(transports) == total && sum(types.slots()) == total && sum(rcodes.slots()) == total &&
         durations.total() == total;
}

Result<Summary> Summary::decode(ByteView bytes) {
  if (bytes.size() < kChecksumBytes) return corrupt("a summary is too short");
  const ByteView body = bytes.first(bytes.size() - kChecksumBytes);
  ByteReader reader(body);
  const uint8_t version = reader.u8();
  if (version > kSummaryVersion) {
    return Status(Code::kUnsupported, "a summary has a newer version");
  }
  if (version < kSummaryVersion) return corrupt("a summary has a version that never was");
  if (crc32c(body) != ByteReader(bytes.last(kChecksumBytes)).u32()) {
    return corrupt("a summary fails its checksum");
  }
  const uint8_t span = reader.u8();
  const auto start_ms = static_cast<int64_t>(reader.varint_up_to(kTimeMsMax));
  if (!reader.ok() || span > static_cast<uint8_t>(Span::kAny)) {
    return corrupt("a summary's span is unknown");
  }
  Summary summary(static_cast<Span>(span), start_ms);
  if (!summary.state_->decode_fields(&reader) || !reader.at_end()) {
    return corrupt("a summary is malformed");
  }
  if (!summary.state_->adds_up()) return corrupt("a summary does not add up");
  return summary;
}

}  // namespace weir

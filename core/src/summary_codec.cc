// A Summary as bytes and back. docs/summary_format.md has the layout.
#include <algorithm>
#include <numeric>

#include "counts.h"
#include "summary_state.h"
#include "top_table.h"

namespace weir {
namespace {

constexpr uint8_t kSummaryVersion = 1;
constexpr size_t kChecksumBytes = 4;

// The top lists that share a table: names with blocked names, the others alone.
struct TableLists {
  TopTable::Text text = TopTable::Text::kBytes;
  size_t first = 0;
  size_t count = 1;
};
constexpr std::array<TableLists, 4> kTables = {
    {{TopTable::Text::kNames, 0, 2}, {.first = 2}, {.first = 3}, {.first = 4}}};

size_t section_bytes(size_t bytes) { return varint_bytes(bytes) + bytes + kChecksumBytes; }

void write_section(ByteView bytes, Bytes* out) {
  ByteWriter writer(*out);
  writer.varint(bytes.size());
  writer.bytes(bytes);
  writer.u32(crc32c(bytes));
}

struct Checked {
  ByteView bytes;
  uint32_t crc = 0;

  bool sound() const { return crc32c(bytes) == crc; }
};

Checked next_section(ByteReader* reader) {
  const ByteView bytes = reader->take(reader->varint());
  return {bytes, reader->u32()};
}

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

bool is_wanted(const TableLists& which, Summary::TopSet wanted) {
  for (size_t i = 0; i < which.count; ++i) {
    if (wanted.contains(static_cast<Summary::Top>(which.first + i))) return true;
  }
  return false;
}

// Those lists of one table that are wanted.
bool decode_table(const TableLists& which, Summary::TopSet wanted, ByteView bytes,
                  std::span<SpaceSaving> tops) {
  std::array<SpaceSaving*, TopTable::kListsMax> lists{};
  for (size_t i = 0; i < which.count; ++i) {
    const size_t list = which.first + i;
    if (wanted.contains(static_cast<Summary::Top>(list))) lists[i] = &tops[list];
  }
  ByteReader reader(bytes);
  return decode_top_table(which.text, &reader, std::span(lists).first(which.count)) &&
         reader.at_end();
}

uint64_t sum(std::span<const uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

}  // namespace

void Summary::State::encode_fixed(Bytes* out) const {
  ByteWriter writer(*out);
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
  for (size_t list = 0; list < kTopLists; ++list) WEIR_CHECK(state_->keeps(list));
  Bytes fixed;
  state_->encode_fixed(&fixed);
  std::vector<TopTable> tables;
  for (const TableLists& lists : kTables) {
    tables.emplace_back(lists.text, std::span(state_->tops).subspan(lists.first, lists.count));
  }
  const auto fit = [&](size_t keys_max) {
    size_t bytes = sizeof(kSummaryVersion) + section_bytes(fixed.size());
    for (const TopTable& table : tables) bytes += section_bytes(table.bytes(keys_max));
    return bytes <= bytes_max;
  };
  // The most keys per list that fit; none at all where nothing fits.
  size_t fits = fit(kTopKeysMax) ? kTopKeysMax : 0;
  for (size_t too_many = kTopKeysMax; fits + 1 < too_many;) {
    const size_t middle = fits + (too_many - fits) / 2;
    (fit(middle) ? fits : too_many) = middle;
  }
  Bytes out = {kSummaryVersion};
  write_section(fixed, &out);
  for (const TopTable& table : tables) {
    Bytes lists;
    table.encode(fits, &lists);
    write_section(lists, &out);
  }
  return out;
}

bool Summary::State::decode_fields(ByteReader* reader) {
  if (!decode_counts(reader, counts.by_outcome) || !decode_counts(reader, transports)) return false;
  if (!decode_sparse_counts(reader, types.slots())) return false;
  if (!decode_sparse_counts(reader, rcodes.slots())) return false;
  if (!durations.decode(reader)) return false;
  for (OutcomeCounts& bucket : series) {
    if (!decode_counts(reader, bucket.by_outcome)) return false;
  }
  return names.decode(reader) && clients.decode(reader) && reader->at_end();
}

bool Summary::State::adds_up() const {
  const uint64_t total = counts.total();
  return sum(transports) == total && sum(types.slots()) == total && sum(rcodes.slots()) == total &&
         durations.total() == total;
}

Result<Summary> Summary::decode(ByteView bytes, TopSet tops) {
  ByteReader reader(bytes);
  const uint8_t version = reader.u8();
  if (version > kSummaryVersion) {
    return Status(Code::kUnsupported, "a summary has a newer version");
  }
  if (version < kSummaryVersion) return corrupt("a summary has a version that never was");
  const Checked fixed = next_section(&reader);
  if (!reader.ok() || !fixed.sound()) return corrupt("a summary fails its checksum");
  ByteReader fields(fixed.bytes);
  const uint8_t span = fields.u8();
  const auto start_ms = static_cast<int64_t>(fields.varint_up_to(kTimeMsMax));
  if (!fields.ok() || span > static_cast<uint8_t>(Span::kAny)) {
    return corrupt("a summary's span is unknown");
  }
  Summary summary(static_cast<Span>(span), start_ms, tops);
  if (!summary.state_->decode_fields(&fields)) return corrupt("a summary is malformed");
  if (!summary.state_->adds_up()) return corrupt("a summary does not add up");
  for (const TableLists& lists : kTables) {
    const Checked table = next_section(&reader);
    if (!reader.ok()) return corrupt("a summary is cut off");
    if (!is_wanted(lists, tops)) continue;
    if (!table.sound()) return corrupt("a summary's lists fail their checksum");
    if (!decode_table(lists, tops, table.bytes, summary.state_->tops)) {
      return corrupt("a summary's lists are malformed");
    }
  }
  if (!reader.at_end()) return corrupt("a summary is too long");
  return summary;
}

}  // namespace weir

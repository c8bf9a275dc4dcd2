#include "query_cursor.h"

#include <algorithm>

#include "bytes.h"
#include "hash.h"
#include "hex.h"

namespace weir {
namespace {

constexpr uint8_t kVersion = 0;
constexpr size_t kCheckBytes = 4;

void put_texts(const std::vector<std::string>& texts, ByteWriter* out) {
  out->varint(texts.size());
  for (const std::string& text : texts) out->sized_text(text);
}

template <class T>
void put_numbers(const std::vector<T>& numbers, ByteWriter* out) {
  out->varint(numbers.size());
  for (T number : numbers) out->varint(static_cast<uint64_t>(number));
}

// Of every field but the window. A list's order counts: the cursor goes with the same request.
uint32_t filter_digest(const Filter& filter) {
  Bytes bytes;
  ByteWriter out(bytes);
  for (const auto* texts :
       {&filter.sites, &filter.domains, &filter.contains, &filter.lists, &filter.upstreams}) {
    put_texts(*texts, &out);
  }
  out.varint(filter.clients.size());
  for (const Filter::Prefix& prefix : filter.clients) {
    out.u8(static_cast<uint8_t>(prefix.client.kind));
    out.bytes(prefix.client.bytes);
    out.u8(prefix.bits);
  }
  put_numbers(filter.types, &out);
  put_numbers(filter.rcodes, &out);
  put_numbers(filter.outcomes, &out);
  return static_cast<uint32_t>(hash64(bytes));
}

Status not_a_cursor() { return Status(Code::kInvalid, "not a cursor of this request"); }

}  // namespace

Result<std::string> encode_cursor(const QueryCursor& cursor, const Filter& filter) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.varint(static_cast<uint64_t>(cursor.since_ms));
  out.varint(static_cast<uint64_t>(cursor.until_ms));
  out.u32(filter_digest(filter));
  int64_t previous = 0;
  for (const auto& [log_no, below] : cursor.below) {
    out.varint(static_cast<uint64_t>(log_no - previous));
    out.varint(below);
    previous = log_no;
  }
  out.u32(crc32c(bytes));
  if (2 * bytes.size() > kCursorTextBytesMax) {
    return Status(Code::kTooLarge, "too many logs for one cursor; ask for fewer sites");
  }
  return to_hex(bytes);
}

Result<QueryCursor> decode_cursor(std::string_view text, const Filter& filter) {
  if (text.size() > kCursorTextBytesMax || text.size() < 2 * kCheckBytes) return not_a_cursor();
  Bytes bytes(text.size() / 2);
  if (!from_hex(text, bytes)) return not_a_cursor();
  const ByteView body = ByteView(bytes).first(bytes.size() - kCheckBytes);
  if (load_le<uint32_t>(bytes.data() + body.size()) != crc32c(body)) return not_a_cursor();

  ByteReader in(body);
  QueryCursor cursor;
  bool same = in.u8() == kVersion;
  cursor.since_ms = static_cast<int64_t>(in.varint_up_to(kIntegerMax));
  cursor.until_ms = static_cast<int64_t>(in.varint_up_to(kIntegerMax));
  same = in.u32() == filter_digest(filter) && same;
  int64_t log_no = 0;
  while (in.ok() && !in.at_end()) {
    log_no += static_cast<int64_t>(in.varint_up_to(kLogNumberMax));
    cursor.below[log_no] = in.varint_up_to(kEventNumberMax + 1);
    same = same && log_no <= kLogNumberMax;
  }
  if (!in.ok() || !same) return not_a_cursor();
  return cursor;
}

}  // namespace weir

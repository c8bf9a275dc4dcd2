// Summaries with their checksums made right: what decodes can be asked, merged and encoded again.
#include "bytes.h"
#include "weir/summary.h"

namespace {

// Of every section that is there: a length, bytes, their CRC32C.
void mend_checksums(weir::Bytes* bytes) {
  weir::ByteReader reader(*bytes);
  reader.u8();
  while (true) {
    const weir::ByteView section = reader.take(reader.varint());
    reader.u32();
    if (!reader.ok() || section.empty()) return;
    weir::store_le(bytes->data() + reader.position() - 4, weir::crc32c(section));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::Bytes bytes(data, data + size);
  mend_checksums(&bytes);
  const auto decoded = weir::Summary::decode(bytes);
  if (!decoded.ok()) return 0;
  const weir::Bytes stored = decoded->encode(weir::kDayRollupBytesMax);
  const auto again = weir::Summary::decode(stored);
  WEIR_CHECK(again.ok() && again->counts() == decoded->counts());
  WEIR_CHECK(again->encode(weir::kDayRollupBytesMax) == stored);
  weir::Summary day(weir::Summary::Span::kDay, 0);
  day.merge(*decoded);
  weir::Latency latency;
  WEIR_CHECK(day.latency(&latency) != decoded->empty());
  WEIR_CHECK(day.unique_names() == decoded->unique_names());
  for (int which = 0; which <= 5; ++which) {
    WEIR_CHECK(day.top(static_cast<weir::Summary::Top>(which), 10).size() <= 10);
  }
  return 0;
}

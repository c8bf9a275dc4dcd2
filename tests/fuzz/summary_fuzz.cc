// Summaries with their checksum made right: what decodes can be asked, merged and encoded again.
#include "bytes.h"
#include "weir/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::Bytes bytes(data, data + size);
  if (size >= 4) {
    const weir::ByteView body = weir::ByteView(bytes).first(size - 4);
    weir::store_le(bytes.data() + size - 4, weir::crc32c(body));
  }
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

// Segments with their checksums made right: what opens has valid events, which survive a new
// encoding.
#include "support/resealed.h"
#include "weir/segment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::Bytes bytes(data, data + size);
  weir::reseal(&bytes);
  const auto reader = weir::SegmentReader::open(bytes);
  if (!reader.ok() || reader->count() == 0) return 0;
  weir::SegmentBuilder builder(weir::kDayMs);
  for (size_t i = 0; i < reader->count(); ++i) WEIR_CHECK(builder.add(reader->event(i)).ok());
  const weir::Bytes again = builder.encode({});
  const auto second = weir::SegmentReader::open(again);
  WEIR_CHECK(second.ok() && second->event(0) == reader->event(0));
  return 0;
}

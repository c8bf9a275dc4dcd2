// Segments with their checksums made right: what opens has valid events, which survive a new
// encoding.
#include "bytes.h"
#include "weir/segment.h"

namespace {

void reseal(weir::Bytes* bytes) {
  if (bytes->size() < 38) return;
  const size_t head = weir::load_le<uint16_t>(bytes->data() + 8);
  if (head < 38 || head > bytes->size()) return;
  weir::store_le(bytes->data() + 14, weir::crc32c(weir::ByteView(*bytes).subspan(head)));
  weir::store_le(bytes->data() + head - 4, weir::crc32c(weir::ByteView(*bytes).first(head - 4)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::Bytes bytes(data, data + size);
  reseal(&bytes);
  const auto reader = weir::SegmentReader::open(bytes);
  if (!reader.ok() || reader->count() == 0) return 0;
  weir::SegmentBuilder builder;
  for (size_t i = 0; i < reader->count(); ++i) WEIR_CHECK(builder.add(reader->event(i)).ok());
  const weir::Bytes again = builder.encode({});
  const auto second = weir::SegmentReader::open(again);
  WEIR_CHECK(second.ok() && second->event(0) == reader->event(0));
  return 0;
}

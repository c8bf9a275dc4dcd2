// Flat events and clients' text: what decodes is what encodes.
#include <algorithm>
#include <array>

#include "weir/event.h"
#include "weir/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  if (const auto event = weir::decode_event(bytes); event.ok() && weir::check_event(*event).ok()) {
    std::array<uint8_t, weir::kEventBytesMax> out;
    const size_t written = weir::encode_event(*event, out);
    WEIR_CHECK(written == size && std::equal(bytes.begin(), bytes.end(), out.begin()));
    WEIR_CHECK(*weir::parse_client(weir::client_text(event->client)) == event->client);
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto client = weir::parse_client(text); client.ok()) {
    WEIR_CHECK(*weir::parse_client(weir::client_text(*client)) == *client);
  }
  return 0;
}

// Query strings: whatever is refused names a code, whatever is taken is within its bounds.
#include <cstdint>
#include <string_view>

#include "api_parameters.h"
#include "bytes.h"
#include "query_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kNow = 1'795'200'000'000;
  const std::string_view text = weir::as_text({data, size});
  weir::ApiParameters parameters;
  if (auto fault = weir::parse_parameters(text, ~weir::ParameterSet{0}, kNow, &parameters)) {
    WEIR_CHECK(!fault->code.empty() && !fault->detail.empty());
    return 0;
  }
  const weir::Filter& filter = parameters.filter;
  WEIR_CHECK(filter.since_ms >= 0 && filter.since_ms < filter.until_ms);
  WEIR_CHECK(parameters.limit >= 1 && parameters.limit <= weir::kQueryLimitMax);
  for (const auto& prefix : filter.clients) WEIR_CHECK(prefix.contains(prefix.client));
  for (const auto& domain : filter.domains)
    WEIR_CHECK(domain.size() <= weir::kNameTextBytesMax + 2);
  if (auto cursor = weir::decode_cursor(parameters.cursor, filter); cursor.ok()) {
    WEIR_CHECK(weir::encode_cursor(*cursor, filter).ok());
  }
  return 0;
}

// The pseudonym is SipHash-2-4 with the first 16 bytes of the day's key; the key of the next day is
// BLAKE2b of all 32. Both are libsodium's.
#include "native/dns/privacy.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "weir/limits.h"

namespace weir {
namespace {

// A clock that jumps further than this gets a key that is new, but not one hash per day of the
// jump.
constexpr int64_t kRotationsMax = 1000;
constexpr size_t kTruncatedV4Bytes = 3;  // /24
constexpr size_t kTruncatedV6Bytes = 6;  // /48

Client client_of(const SocketAddress& address) {
  Client client;
  if (address.family() == AF_INET) {
    client.kind = Client::Kind::kV4;
    std::memcpy(client.bytes.data(), &address.v4(), 4);
  } else {
    client.kind = Client::Kind::kV6;
    std::memcpy(client.bytes.data(), &address.v6(), 16);
  }
  return client;
}

Client truncated(Client client) {
  const size_t kept = client.kind == Client::Kind::kV4 ? kTruncatedV4Bytes : kTruncatedV6Bytes;
  std::fill(client.bytes.begin() + static_cast<ptrdiff_t>(kept), client.bytes.end(), uint8_t{0});
  return client;
}

Client pseudonym(const Client& client, const PseudonymKey& key) {
  static_assert(crypto_shorthash_KEYBYTES <= sizeof(PseudonymKey));
  std::array<uint8_t, 17> input{static_cast<uint8_t>(client.kind)};
  std::ranges::copy(client.bytes, input.begin() + 1);
  Client result{.kind = Client::Kind::kPseudonym};
  static_assert(crypto_shorthash_BYTES == 8);
  crypto_shorthash(result.bytes.data(), input.data(), input.size(), key.data());
  return result;
}

}  // namespace

PseudonymKey make_pseudonym_key() {
  WEIR_CHECK(sodium_init() >= 0);
  PseudonymKey key;
  randombytes_buf(key.data(), key.size());
  return key;
}

PrivacyFilter::PrivacyFilter(const PseudonymKey& key, int64_t now_ms)
    : key_(key), day_(now_ms / kDayMs) {}

Client PrivacyFilter::apply(PrivacyMode mode, const SocketAddress& address, int64_t now_ms) {
  switch (mode) {
    case PrivacyMode::kFull:
      return client_of(address);
    case PrivacyMode::kTruncated:
      return truncated(client_of(address));
    case PrivacyMode::kPseudonym:
      rotate(now_ms);
      return pseudonym(client_of(address), key_);
    case PrivacyMode::kNone:
      break;
  }
  return {};
}

void PrivacyFilter::rotate(int64_t now_ms) {
  const int64_t today = now_ms / kDayMs;
  const int64_t days = std::min(today - day_, kRotationsMax);
  for (int64_t i = 0; i < days; ++i) {
    const PseudonymKey old = key_;
    crypto_generichash(key_.data(), key_.size(), old.data(), old.size(), nullptr, 0);
  }
  day_ = std::max(day_, today);
}

}  // namespace weir

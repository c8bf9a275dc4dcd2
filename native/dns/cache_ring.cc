// An entry is a run of words: a header of four, the offsets of its TTLs, its key, its message.
// Reading copies an entry out and checks afterwards whether it was whole; so nothing in it may be
// trusted before the version has been compared, and no size leads outside of the ring or the copy.
#include "native/dns/cache_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace weir {
namespace {

constexpr size_t kSlotBytes = 9;          // a word and a referenced flag
constexpr size_t kBytesPerSlot = 128;     // an entry is rarely smaller, so slots suffice
constexpr size_t kReadAttemptsMax = 16;   // then the caller looks again under the lock
constexpr size_t kMovesPerWriteMax = 16;  // bounds how long one write keeps readers waiting
constexpr unsigned kPositionBits = 48;    // 2 PB written
constexpr uint64_t kPositionMask = (uint64_t{1} << kPositionBits) - 1;
constexpr size_t kKeyPrefixBytes = 3;  // type and flags, before the name

// The first words of an entry; behind them lie the TTL offsets, the key and the message.
struct EntryHeader {
  static constexpr size_t kWords = 4;
  uint64_t hash = 0;
  uint16_t words = 0;  // of the whole entry
  uint16_t key_bytes = 0;
  uint16_t ttl_count = 0;
  uint16_t message_bytes = 0;
  uint32_t stored_s = 0;
  uint32_t expires_s = 0;
  uint16_t rcode = 0;

  size_t key_offset() const { return kWords * sizeof(uint64_t) + ttl_count * sizeof(uint32_t); }
  size_t message_offset() const { return key_offset() + key_bytes; }
  size_t bytes() const { return message_offset() + message_bytes; }
};

void pack(const EntryHeader& header, std::span<uint64_t, EntryHeader::kWords> words) {
  words[0] = header.hash;
  words[1] = header.words | uint64_t{header.key_bytes} << 16 | uint64_t{header.ttl_count} << 32 |
             uint64_t{header.message_bytes} << 48;
  words[2] = header.stored_s | uint64_t{header.expires_s} << 32;
  words[3] = header.rcode;
}

EntryHeader unpack(std::span<const uint64_t, EntryHeader::kWords> words) {
  return {.hash = words[0],
          .words = static_cast<uint16_t>(words[1]),
          .key_bytes = static_cast<uint16_t>(words[1] >> 16),
          .ttl_count = static_cast<uint16_t>(words[1] >> 32),
          .message_bytes = static_cast<uint16_t>(words[1] >> 48),
          .stored_s = static_cast<uint32_t>(words[2]),
          .expires_s = static_cast<uint32_t>(words[2] >> 32),
          .rcode = static_cast<uint16_t>(words[3])};
}

using KeyBytes = std::array<uint8_t, kKeyPrefixBytes + kNameWireBytesMax>;

std::span<const uint8_t> key_bytes(const CacheKey& key, KeyBytes* room) {
  std::span<const uint8_t> name = key.name.wire();
  std::memcpy(room->data(), &key.type, sizeof(key.type));
  (*room)[2] = static_cast<uint8_t>((key.dnssec_ok ? 1U : 0U) | (key.checking_disabled ? 2U : 0U));
  std::memcpy(room->data() + kKeyPrefixBytes, name.data(), name.size());
  return {room->data(), kKeyPrefixBytes + name.size()};
}

template <class Bytes>
void append(const Bytes& from, uint8_t** to) {
  const auto bytes = std::as_bytes(std::span(from));
  if (!bytes.empty()) std::memcpy(*to, bytes.data(), bytes.size());
  *to += bytes.size();
}

}  // namespace

CacheKey CacheKey::of(const DnsQuery& query) {
  return {query.qname, query.qtype, query.edns && query.edns->dnssec_ok, query.header.cd};
}

uint64_t CacheKey::hash(uint64_t seed) const {
  const uint64_t salt = uint64_t{type} << 2 | (dnssec_ok ? 1U : 0U) | (checking_disabled ? 2U : 0U);
  return name.hash(seed ^ salt);
}

AnswerView CachedAnswer::view(uint32_t now_s) const {
  const EntryHeader header = unpack(std::span(words_).first<EntryHeader::kWords>());
  const auto* bytes = reinterpret_cast<const uint8_t*>(words_.data());
  return {.message = {bytes + header.message_offset(), header.message_bytes},
          .ttl_offsets = {ttl_offsets_.data(), header.ttl_count},
          .rcode = header.rcode,
          .age_s = now_s - header.stored_s};
}

// A power of two of buckets, at most one slot per kBytesPerSlot; the rest of the bytes are words.
CacheRing::CacheRing(uint64_t bytes_max)
    : bucket_count_(std::bit_floor(bytes_max / kBytesPerSlot / kBucketSlots)) {
  WEIR_CHECK(bucket_count_ > 0);
  const size_t slot_count = bucket_count_ * kBucketSlots;
  word_count_ = (bytes_max - slot_count * kSlotBytes) / sizeof(uint64_t);
  entry_words_max_ = std::min<size_t>(kCacheEntryBytesMax / sizeof(uint64_t), word_count_ / 4);
  words_ = std::make_unique<Word[]>(word_count_);
  slots_ = std::make_unique<Word[]>(slot_count);
  referenced_ = std::make_unique<std::atomic<uint8_t>[]>(slot_count);
  head_ = tail_ = word_count_;  // not 0, which marks an empty slot
}

void CacheRing::load(uint64_t position, std::span<uint64_t> to) const {
  uint64_t place = position % word_count_;
  for (uint64_t& word : to) {
    word = words_[place].load(std::memory_order_acquire);
    if (++place == word_count_) place = 0;
  }
}

void CacheRing::store(uint64_t position, std::span<const uint64_t> words) {
  uint64_t place = position % word_count_;
  for (uint64_t word : words) {
    words_[place].store(word, std::memory_order_release);
    if (++place == word_count_) place = 0;
  }
}

// What comes out may be torn until the caller has checked the version: only sizes that keep the
// copy within its room are looked at.
bool CacheRing::copy_entry(uint64_t hash, CachedAnswer* out) const {
  const std::span<uint64_t> words(out->words_);
  for (size_t i = bucket(hash), end = i + kBucketSlots; i < end; ++i) {
    const uint64_t slot = slots_[i].load(std::memory_order_acquire);
    if (slot == 0 || (slot ^ hash) >> kPositionBits != 0) continue;
    const uint64_t position = slot & kPositionMask;
    load(position, words.first(EntryHeader::kWords));
    const EntryHeader header = unpack(words.first<EntryHeader::kWords>());
    if (header.hash != hash || header.words < EntryHeader::kWords) continue;
    if (header.words > entry_words_max_) return false;
    load(position + EntryHeader::kWords,
         words.subspan(EntryHeader::kWords, header.words - EntryHeader::kWords));
    if (referenced_[i].load(std::memory_order_relaxed) == 0) {
      referenced_[i].store(1, std::memory_order_relaxed);
    }
    return true;
  }
  return false;
}

bool CacheRing::read(uint64_t hash, const CacheKey& key, uint32_t now_s, CachedAnswer* out) const {
  bool found = false;
  size_t attempt = 0;
  for (; attempt < kReadAttemptsMax; ++attempt) {
    const uint64_t before = version_.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    found = copy_entry(hash, out);
    if (version_.load(std::memory_order_relaxed) == before) break;
  }
  if (!found || attempt == kReadAttemptsMax) return false;
  const EntryHeader header = unpack(std::span(out->words_).first<EntryHeader::kWords>());
  const auto* bytes = reinterpret_cast<const uint8_t*>(out->words_.data());
  KeyBytes room;
  const std::span<const uint8_t> wanted = key_bytes(key, &room);
  // The copy is whole now, so its sizes can be trusted.
  if (header.expires_s <= now_s ||
      !std::ranges::equal(wanted,
                          std::span(bytes + header.key_offset(), size_t{header.key_bytes}))) {
    return false;
  }
  std::memcpy(out->ttl_offsets_.data(), bytes + EntryHeader::kWords * sizeof(uint64_t),
              header.ttl_count * sizeof(uint32_t));
  return true;
}

bool CacheRing::write(uint64_t hash, const CacheKey& key, uint32_t now_s, uint32_t ttl_s,
                      const Answer& answer) {
  KeyBytes room;
  const std::span<const uint8_t> key_span = key_bytes(key, &room);
  EntryHeader header{.hash = hash,
                     .key_bytes = static_cast<uint16_t>(key_span.size()),
                     .ttl_count = static_cast<uint16_t>(answer.ttl_offsets.size()),
                     .message_bytes = static_cast<uint16_t>(answer.message.size()),
                     .stored_s = now_s,
                     .expires_s = now_s + ttl_s,
                     .rcode = answer.rcode};
  const size_t words = (header.bytes() + sizeof(uint64_t) - 1) / sizeof(uint64_t);
  if (answer.message.size() > kMessageBytesMax || words > entry_words_max_) return false;
  header.words = static_cast<uint16_t>(words);
  std::vector<uint64_t> entry(words);
  pack(header, std::span(entry).first<EntryHeader::kWords>());
  auto* to = reinterpret_cast<uint8_t*>(entry.data() + EntryHeader::kWords);
  append(answer.ttl_offsets, &to);
  append(key_span, &to);
  append(answer.message, &to);

  // From here to the even version readers discard what they copied.
  const uint64_t version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  size_t moves_left = kMovesPerWriteMax;
  while (head_ + words - tail_ > word_count_) evict_tail(now_s, &moves_left);
  store(head_, entry);
  place(hash, head_);
  head_ += words;
  version_.store(version + 2, std::memory_order_release);
  return true;
}

uint64_t CacheRing::entry_hash(uint64_t slot) const {
  uint64_t hash = 0;
  load(slot & kPositionMask, {&hash, 1});
  return hash;
}

// Where the hash is there already, the new position replaces it: at worst, two keys with equal
// hashes take turns. In a full bucket the oldest entry that was not read gives way.
void CacheRing::place(uint64_t hash, uint64_t position) {
  size_t chosen = 0;
  uint64_t least = ~uint64_t{0};
  for (size_t i = bucket(hash), end = i + kBucketSlots; i < end && least > 0; ++i) {
    const uint64_t slot = slots_[i].load(std::memory_order_relaxed);
    const bool free = slot == 0 || entry_hash(slot) == hash;
    const uint64_t read = referenced_[i].load(std::memory_order_relaxed);
    const uint64_t worth = free ? 0 : (slot & kPositionMask) | read << kPositionBits;
    if (worth < least) {
      least = worth;
      chosen = i;
    }
  }
  if (slots_[chosen].load(std::memory_order_relaxed) == 0) ++stats_.entries;
  if (least > 0) ++stats_.evictions;
  slots_[chosen].store((hash & ~kPositionMask) | position, std::memory_order_release);
  referenced_[chosen].store(0, std::memory_order_relaxed);
}

// The head is at or behind `position` on the ring, so copying forwards never overwrites what is
// still to be read.
void CacheRing::move_to_head(uint64_t position, uint64_t words) {
  std::array<uint64_t, 32> piece;
  for (uint64_t done = 0; done < words; done += piece.size()) {
    const std::span<uint64_t> part =
        std::span(piece).first(std::min<uint64_t>(piece.size(), words - done));
    load(position + done, part);
    store(head_ + done, part);
  }
  head_ += words;
}

// Frees the oldest entry's words. An entry that was read meanwhile is written once more at the
// head: that needs no room besides its own, which has just become free.
void CacheRing::evict_tail(uint32_t now_s, size_t* moves_left) {
  std::array<uint64_t, EntryHeader::kWords> packed;
  load(tail_, packed);
  const EntryHeader header = unpack(packed);
  const uint64_t tag = header.hash & ~kPositionMask;
  const uint64_t position = tail_;
  tail_ += header.words;
  size_t slot = bucket(header.hash);
  const size_t end = slot + kBucketSlots;
  while (slot < end && slots_[slot].load(std::memory_order_relaxed) != (tag | position)) ++slot;
  if (slot == end) return;  // replaced or displaced before
  const bool expired = header.expires_s <= now_s;
  if (!expired && *moves_left > 0 && referenced_[slot].exchange(0, std::memory_order_relaxed) > 0) {
    --*moves_left;
    slots_[slot].store(tag | head_, std::memory_order_release);
    move_to_head(position, header.words);
    return;
  }
  slots_[slot].store(0, std::memory_order_release);
  --stats_.entries;
  if (!expired) ++stats_.evictions;
}

CacheRingStats CacheRing::stats() const {
  CacheRingStats stats = stats_;
  stats.bytes = (head_ - tail_) * sizeof(uint64_t);
  return stats;
}

}  // namespace weir

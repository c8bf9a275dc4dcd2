// CacheRing: a bounded table of answers in one block of memory that is read without lock and
// without allocation while another thread writes.
//
// Entries lie one behind the other in a ring of 64-bit words; a new one is written at the head, and
// the tail gives way: an entry that was read since it was written moves to the head once more
// (CLOCK with the ring as its hand), any other is evicted. So the bytes are bounded exactly and
// nothing fragments. Positions count words from the beginning of time; position modulo size is the
// place, so an entry may wrap around the end. Buckets of eight slots map a hash to positions.
//
// Readers use a seqlock: the writer makes `version_` odd, changes words, makes it even; a reader
// copies and then discards the copy if the version moved. Every shared word is atomic: stored with
// release and loaded with acquire, so that a reader who saw any word of a change also sees the
// version that announced it. (Fences would do as well, but ThreadSanitizer does not know them; on
// x86 all of these are plain moves.)
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "native/dns/answer.h"
#include "weir/limits.h"

namespace weir {

// What an answer is kept under. The class is IN; AD needs no place, upstreams are always asked with
// it.
struct CacheKey {
  DnsName name;
  uint16_t type = 0;
  bool dnssec_ok = false;
  bool checking_disabled = false;

  static CacheKey of(const DnsQuery& query);
  uint64_t hash(uint64_t seed) const;
  bool operator==(const CacheKey&) const = default;
};

// Room for one entry, copied out of the ring: about 22 KiB, so one per thread and reused.
class CachedAnswer {
 public:
  // After a hit, until the next lookup.
  AnswerView view(uint32_t now_s) const;

 private:
  friend class CacheRing;
  std::array<uint64_t, kCacheEntryBytesMax / 8> words_{};
  std::array<uint32_t, kCacheEntryBytesMax / 12> ttl_offsets_{};  // a record takes 12 bytes or more
};

struct CacheRingStats {
  uint64_t entries = 0;
  uint64_t bytes = 0;      // of the ring in use, replaced entries included
  uint64_t evictions = 0;  // of entries that had not expired
};

class CacheRing {
 public:
  // `bytes_max` covers the entries and the slots; at least kCacheBytesMin / 64.
  explicit CacheRing(uint64_t bytes_max);

  // Any thread. False: not there, expired at `now_s`, or a writer was in the way each time.
  bool read(uint64_t hash, const CacheKey& key, uint32_t now_s, CachedAnswer* out) const;

  // The rest is for one thread at a time.
  // Keeps `answer`, in place of an older one under the key, until now_s + ttl_s. False if it is too
  // large for an entry.
  bool write(uint64_t hash, const CacheKey& key, uint32_t now_s, uint32_t ttl_s,
             const Answer& answer);
  CacheRingStats stats() const;

 private:
  using Word = std::atomic<uint64_t>;
  static constexpr size_t kBucketSlots = 8;

  size_t bucket(uint64_t hash) const { return (hash % bucket_count_) * kBucketSlots; }
  void load(uint64_t position, std::span<uint64_t> to) const;
  void store(uint64_t position, std::span<const uint64_t> words);
  bool copy_entry(uint64_t hash, CachedAnswer* out) const;
  uint64_t entry_hash(uint64_t slot) const;
  void place(uint64_t hash, uint64_t position);
  void move_to_head(uint64_t position, uint64_t words);
  void evict_tail(uint32_t now_s, size_t* moves_left);

  uint64_t word_count_ = 0;
  size_t bucket_count_ = 0;
  size_t entry_words_max_ = 0;
  std::unique_ptr<Word[]> words_;
  std::unique_ptr<Word[]> slots_;  // 16 bits of the hash, 48 bits of position; 0: empty
  std::unique_ptr<std::atomic<uint8_t>[]> referenced_;  // by slot: read since written; only a hint
  alignas(64) std::atomic<uint64_t> version_{0};
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
  CacheRingStats stats_;
};

}  // namespace weir

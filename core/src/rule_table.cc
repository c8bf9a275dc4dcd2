// Names are never removed, so probing needs no tombstones, and a record, once written, stays where
// it is in the arena: only the slots move when the table grows.
#include "rule_table.h"

#include <algorithm>
#include <array>

#include "hash.h"
#include "weir/limits.h"

namespace weir::internal {
namespace {

constexpr uint8_t kNoList = 255;  // the byte of a record that no rule has set
static_assert(kListsMax <= kNoList);

constexpr size_t kRecordHeadBytes = 3;  // exact, below, length
static_assert(kRulesMax * (kRecordHeadBytes + kNameWireBytesMax) < UINT32_MAX,
              "a record's offset has 32 bits");

constexpr size_t kSlotsMin = 16;

// Slots for a load of 3/4. One is always free, so that every probing ends.
size_t slots_for(size_t names) { return std::max(kSlotsMin, names + names / 3 + 1); }

// Where the probing for `hash` begins: its share of the table, so that any size will do.
size_t slot_of(uint32_t hash, size_t slots) {
  return static_cast<size_t>(uint64_t{hash} * slots >> 32);
}

// Calls visit(hash, suffix) for each suffix of `name`, from its last label to the whole name. A
// suffix is in wire form without the root.
template <class Visit>
void for_each_suffix(const DnsName& name, Visit visit) {
  const auto wire = name.wire();
  std::array<uint8_t, kNameWireBytesMax / 2 + 1> starts;
  size_t labels = 0;
  for (size_t at = 0; wire[at] != 0; at += 1U + wire[at]) {
    starts[labels++] = static_cast<uint8_t>(at);
  }
  // The labels are found from the first to the last, and wanted from the last to the first: "ads"
  // in "ads.example" has another hash than in "ads.test".
  uint64_t hash = 0;
  while (labels > 0) {
    const size_t start = starts[--labels];
    hash = hash64(wire.subspan(start + 1, wire[start]), hash);
    visit(static_cast<uint32_t>(hash >> 32), wire.subspan(start, wire.size() - 1 - start));
  }
}

}  // namespace

std::vector<RuleTable::Slot> RuleTable::resized(const std::vector<Slot>& slots, size_t size) {
  std::vector<Slot> fresh(size);
  for (const Slot& slot : slots) {
    if (slot.record != 0) place(slot, &fresh);
  }
  return fresh;
}

void RuleTable::place(const Slot& slot, std::vector<Slot>* slots) {
  size_t at = slot_of(slot.hash, slots->size());
  while ((*slots)[at].record != 0) at = at + 1 == slots->size() ? 0 : at + 1;
  (*slots)[at] = slot;
}

uint32_t RuleTable::find(uint32_t hash, std::span<const uint8_t> name) const {
  if (slots_.empty()) return 0;
  for (size_t at = slot_of(hash, slots_.size()); slots_[at].record != 0;
       at = at + 1 == slots_.size() ? 0 : at + 1) {
    if (slots_[at].hash != hash) continue;  // the arena is touched for likely hits only
    const auto record = std::span(arena_).subspan(slots_[at].record - 1);
    const auto stored = record.subspan(kRecordHeadBytes, record[kRecordHeadBytes - 1]);
    if (std::ranges::equal(stored, name)) return slots_[at].record;
  }
  return 0;
}

uint32_t RuleTable::add_record(uint32_t hash, std::span<const uint8_t> name) {
  // Twice the room, so that all the moving costs a constant per name.
  if (slots_for(size_ + 1) > slots_.size()) slots_ = resized(slots_, slots_for(2 * (size_ + 1)));
  const auto record = static_cast<uint32_t>(arena_.size() + 1);
  arena_.insert(arena_.end(), {kNoList, kNoList, static_cast<uint8_t>(name.size())});
  arena_.insert(arena_.end(), name.begin(), name.end());
  place({hash, record}, &slots_);
  ++size_;
  return record;
}

uint8_t RuleTable::list_of(uint32_t record, Scope scope) const {
  return arena_[record - 1 + static_cast<size_t>(scope)];
}

bool RuleTable::insert(const DnsName& name, Scope scope, uint8_t list) {
  uint32_t hash = 0;
  std::span<const uint8_t> whole;
  for_each_suffix(name, [&](uint32_t suffix_hash, std::span<const uint8_t> suffix) {
    hash = suffix_hash;
    whole = suffix;
  });
  uint32_t record = find(hash, whole);
  if (record == 0) record = add_record(hash, whole);
  if (list_of(record, scope) != kNoList) return false;
  arena_[record - 1 + static_cast<size_t>(scope)] = list;
  return true;
}

std::optional<uint8_t> RuleTable::match(const DnsName& name) const {
  const size_t whole_size = name.wire().size() - 1;
  uint8_t list = kNoList;
  for_each_suffix(name, [&](uint32_t hash, std::span<const uint8_t> suffix) {
    const uint32_t record = find(hash, suffix);
    if (record == 0) return;
    const Scope scope = suffix.size() == whole_size ? Scope::kExact : Scope::kBelow;
    // Suffixes come from the least specific to the most: the last one found wins.
    if (list_of(record, scope) != kNoList) list = list_of(record, scope);
  });
  if (list == kNoList) return std::nullopt;
  return list;
}

size_t RuleTable::memory_bytes() const {
  return arena_.capacity() + slots_.capacity() * sizeof(Slot);
}

void RuleTable::shrink() {
  // shrink_to_fit() does nothing in a libstdc++ without exceptions.
  arena_ = std::vector<uint8_t>(arena_.begin(), arena_.end());
  if (size_ != 0) slots_ = resized(slots_, slots_for(size_));
}

}  // namespace weir::internal

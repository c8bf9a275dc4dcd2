// RuleTable: names and the lists that block them, in one arena and one flat table.
//
// The arena holds one record per name: the list that blocks the name itself, the list that blocks
// the names below it, the length, the name in wire form without the root. The table is open
// addressing with linear probing over slots of 8 bytes, (hash, where the record is), at a load of
// at most 3/4. The hash of a name is chained from its last label to its first, so one walk over a
// name yields the hashes of all its suffixes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "weir/dns_name.h"

namespace weir::internal {

class RuleTable {
 public:
  enum class Scope : uint8_t { kExact = 0, kBelow = 1 };

  // Lets `list` (0 … 254) block `name`, which is not the root, or what is below it, unless another
  // list does already. Returns true if it did not.
  bool insert(const DnsName& name, Scope scope, uint8_t list);
  // The list of the most specific rule that covers `name`.
  std::optional<uint8_t> match(const DnsName& name) const;

  size_t size() const { return size_; }  // names
  size_t memory_bytes() const;
  // Gives back the room to grow.
  void shrink();

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t record = 0;  // offset into arena_ plus one; 0: empty
  };

  // Puts a slot into the first free place from its own on.
  static void place(const Slot& slot, std::vector<Slot>* slots);
  static std::vector<Slot> resized(const std::vector<Slot>& slots, size_t size);
  // The record of this name, 0 if there is none.
  uint32_t find(uint32_t hash, std::span<const uint8_t> name) const;
  // Appends a record that no list has set yet. Precondition: the table has not got the name.
  uint32_t add_record(uint32_t hash, std::span<const uint8_t> name);
  uint8_t list_of(uint32_t record, Scope scope) const;

  std::vector<uint8_t> arena_;
  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace weir::internal

// LocalRecords: names that Weir itself answers for, from the configuration.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "native/dns/options.h"
#include "weir/dns_message.h"

namespace weir {

struct LocalRecord {
  uint16_t type = 0;
  uint32_t ttl_s = 0;
  std::vector<uint8_t> rdata;
};

// Immutable, so thread-safe.
class LocalRecords {
 public:
  LocalRecords() = default;

  // kInvalid or kUnsupported, naming the record: a bad name, type or content, a TTL past 2^31 - 1,
  // a CNAME beside other records of its name (RFC 1034 3.6.2); kTooLarge past kLocalRecordsMax.
  static Result<LocalRecords> make(const std::vector<LocalRecordOptions>& options);

  // Every record of the name; empty if there is none.
  std::span<const LocalRecord> find(const DnsName& name) const;

  // Appends the answer section to a question that has local records: those of the type, or the
  // CNAME and, as far as that is local, what it leads to (at most kLocalChaseMax steps).
  void write_answer(const DnsName& name, uint16_t type, DnsWriter* writer) const;

 private:
  struct Hash {
    size_t operator()(const DnsName& name) const { return name.hash(0); }
  };
  std::unordered_map<DnsName, std::vector<LocalRecord>, Hash> records_;
};

}  // namespace weir

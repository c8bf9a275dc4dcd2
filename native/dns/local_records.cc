// Records are parsed once, when the options are read, and grouped by name; a CNAME must be alone
// (RFC 1034 3.6.2), so a name either is an alias or has data, and chasing needs no look-back.
#include "native/dns/local_records.h"

#include <algorithm>
#include <optional>

namespace weir {
namespace {

constexpr uint32_t kTtlMax = INT32_MAX;  // RFC 2181 8

Status failure(const LocalRecordOptions& record, Code code, const std::string& reason) {
  return {code, "local record '" + record.name + " " + record.type + "': " + reason};
}

Result<LocalRecord> make_record(const LocalRecordOptions& option) {
  Result<uint16_t> type = parse_qtype(option.type);
  if (!type.ok()) return failure(option, Code::kInvalid, type.status().message());
  if (option.ttl_s > kTtlMax) return failure(option, Code::kInvalid, "the ttl is too large");
  Result<std::vector<uint8_t>> rdata = parse_rdata(*type, option.content);
  if (!rdata.ok()) return failure(option, rdata.status().code(), rdata.status().message());
  return LocalRecord{*type, option.ttl_s, std::move(*rdata)};
}

const LocalRecord* find_cname(std::span<const LocalRecord> records) {
  return !records.empty() && records.front().type == qtype::kCname ? &records.front() : nullptr;
}

}  // namespace

Result<LocalRecords> LocalRecords::make(const std::vector<LocalRecordOptions>& options) {
  if (options.size() > kLocalRecordsMax) return Status(Code::kTooLarge, "too many local records");
  LocalRecords result;
  for (const LocalRecordOptions& option : options) {
    Result<DnsName> name = DnsName::parse(option.name);
    if (!name.ok()) return failure(option, Code::kInvalid, name.status().message());
    WEIR_ASSIGN(LocalRecord record, make_record(option));
    std::vector<LocalRecord>& same_name = result.records_[*name];
    const bool alone = record.type == qtype::kCname || find_cname(same_name) != nullptr;
    if (alone && !same_name.empty()) {
      return failure(option, Code::kInvalid, "a CNAME must be the only record of its name");
    }
    same_name.push_back(std::move(record));
  }
  return result;
}

std::span<const LocalRecord> LocalRecords::find(const DnsName& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? std::span<const LocalRecord>() : std::span(found->second);
}

void LocalRecords::write_answer(const DnsName& name, uint16_t type, DnsWriter* writer) const {
  DnsName owner = name;
  for (size_t step = 0; step < kLocalChaseMax; ++step) {
    const std::span<const LocalRecord> records = find(owner);
    for (const LocalRecord& record : records) {
      if (record.type != type && record.type != qtype::kCname) continue;
      writer->record(DnsWriter::Section::kAnswer, owner, record.type, kClassIn, record.ttl_s,
                     record.rdata);
    }
    // What lies beyond the local records is the client's to ask.
    const LocalRecord* cname = find_cname(records);
    if (cname == nullptr || type == qtype::kCname) return;
    size_t end = 0;
    owner = DnsName::read(cname->rdata, 0, &end).value();  // parse_rdata wrote a whole name
  }
}

}  // namespace weir

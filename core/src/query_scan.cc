#include "query_scan.h"

#include <algorithm>

namespace weir {

SegmentScan::SegmentScan(SegmentReader reader, const Filter& filter)
    : reader_(std::move(reader)), filter_(&filter) {
  if (!filter.domains.empty() || !filter.contains.empty()) names_.resize(reader_.name_count());
  if (!filter.clients.empty()) clients_.resize(reader_.client_count());
}

std::optional<SegmentScan> SegmentScan::open(const WalkRow& row, const Filter& filter) {
  if (row.corrupt) return std::nullopt;
  Result<SegmentReader> reader = SegmentReader::open(row.data);
  if (!reader.ok() || reader->head().first != row.first || reader->count() != row.count) {
    return std::nullopt;
  }
  return SegmentScan(std::move(*reader), filter);
}

bool SegmentScan::may_match() const {
  auto may_hold = [&](const std::string& domain) {
    return domain.starts_with("*.") || reader_.may_contain_name(domain);
  };
  const auto& domains = filter_->domains;
  return domains.empty() || std::any_of(domains.begin(), domains.end(), may_hold);
}

template <class Judge>
bool SegmentScan::judged(std::vector<Verdict>& verdicts, size_t index, const Judge& judge) {
  if (verdicts.empty()) return true;
  Verdict& verdict = verdicts[index];
  if (verdict == Verdict::kUnknown) verdict = judge() ? Verdict::kYes : Verdict::kNo;
  return verdict == Verdict::kYes;
}

std::optional<Event> SegmentScan::match(size_t i) {
  const size_t name = reader_.name_index(i);
  const size_t client = reader_.client_index(i);
  if (!judged(names_, name, [&] { return filter_->matches_name(reader_.name(name)); }) ||
      !judged(clients_, client, [&] { return filter_->matches_client(reader_.client(client)); })) {
    return std::nullopt;
  }
  const Event event = reader_.event(i);
  if (!filter_->matches_time(event.time_ms) || !filter_->matches_answer(event)) return std::nullopt;
  return event;
}

}  // namespace weir

// Upwards one statement walks all logs; downwards there is one for a single log, so the logs are
// taken one after the other, from the last on. Either answers rows in order, with the bytes of the
// first ones: as many as fit.
#include "weir/event_scan.h"

#include <algorithm>
#include <deque>

#include "log_rows.h"
#include "query_scan.h"

namespace weir {
namespace {

constexpr int64_t kBytesPerStep = 1 << 20;  // a segment larger than that comes alone
constexpr int64_t kRowsPerStep = 256;

// Ids of ours or of the caller, brought within what can be.
SegmentKey clamped_key(int64_t id) {
  const int64_t least = segment_id(kFirstLog, 0);
  const Result<SegmentKey> key = segment_key(std::clamp(id, least, last_segment_id(kLogNumberMax)));
  WEIR_CHECK(key.ok());
  return *key;
}

// False if no event can have an id that is asked for.
bool asks_for_any(const ScanRequest& request) {
  return request.first_id <= request.last_id && request.last_id >= segment_id(kFirstLog, 0) &&
         request.first_id <= last_segment_id(kLogNumberMax);
}

}  // namespace

struct EventScan::State {
  enum class Phase : uint8_t { kBegin, kLogs, kScan, kEnd };

  explicit State(ScanRequest asked)
      : request(std::move(asked)),
        first(clamped_key(request.first_id)),
        last(clamped_key(request.last_id)) {}

  Status take_logs(const Rows& answered);
  std::optional<Group> begin_scan();
  Group rows_group() const;
  Status take_page(Rows answered);
  bool find_event();
  bool open_row();
  bool set_bounds();
  void end_row();
  bool next_log_below(int64_t log_no);
  bool is_past_the_end() const;

  const ScanRequest request;
  const SegmentKey first, last;  // of the ids asked for
  Phase phase = Phase::kBegin;
  std::map<int64_t, LogState> logs;
  SegmentKey position;  // upwards: where rows go on; downwards: one past that
  Rows page;
  std::vector<WalkRow> rows;  // of the page
  size_t page_row = 0;        // the open one, else the next one
  bool more = false;  // rows follow that are not in the page, or are there without their bytes
  WalkRow row;        // of scan
  std::optional<SegmentScan> scan;
  uint64_t low = 0, high = 0;  // the events of the row that are left
  Event event;
  int64_t id = 0;
  ScanCounters counters;
};

Status EventScan::State::take_logs(const Rows& answered) {
  const auto& sites = request.filter.sites;
  for (size_t i = 0; i < answered.rows.size(); ++i) {
    WEIR_ASSIGN(LogRow log, log_row_at(answered, i));
    const bool asked =
        sites.empty() || std::find(sites.begin(), sites.end(), log.state.site) != sites.end();
    if (asked) logs.emplace(log.state.log_no, std::move(log.state));
  }
  return {};
}

// The first group of rows, unless there is nothing to read.
std::optional<Group> EventScan::State::begin_scan() {
  phase = Phase::kScan;
  position = first;
  const bool any = request.descending ? next_log_below(last.log_no + 1) : !logs.empty();
  if (any && position.log_no == last.log_no && request.descending) position.first = last.first + 1;
  if (any && !is_past_the_end()) return rows_group();
  phase = Phase::kEnd;
  return std::nullopt;
}

Group EventScan::State::rows_group() const {
  const Filter& filter = request.filter;
  const auto number = static_cast<int64_t>(position.first);
  if (request.descending) {
    return Group{{{StatementId::kQueryBackward,
                   {position.log_no, number, filter.since_ms, filter.until_ms, kBytesPerStep,
                    kRowsPerStep}}},
                 false};
  }
  return Group{{{StatementId::kQueryForward,
                 {sites_value(filter.sites), position.log_no, number, int64_t{0}, filter.since_ms,
                  filter.until_ms, kBytesPerStep, kRowsPerStep}}},
               false};
}

Status EventScan::State::take_page(Rows answered) {
  page = std::move(answered);
  rows.clear();
  for (size_t i = 0; i < page.rows.size(); ++i) {
    WEIR_ASSIGN(WalkRow next, walk_row(page, i));
    rows.push_back(next);
  }
  page_row = 0;
  more = rows.size() == size_t{kRowsPerStep};
  return {};
}

// Which of the row's events are asked for. False: none.
bool EventScan::State::set_bounds() {
  low = row.first;
  high = row.end();
  if (row.log_no == first.log_no) low = std::max(low, first.first);
  if (row.log_no == last.log_no) high = std::min(high, last.first + 1);
  // Rows may have been merged since the last page was read: what was passed stays passed.
  if (row.log_no == position.log_no) {
    uint64_t& bound = request.descending ? high : low;
    bound = request.descending ? std::min(high, position.first) : std::max(low, position.first);
  }
  const bool asked = row.log_no >= first.log_no && row.log_no <= last.log_no;
  return asked && low < high && logs.contains(row.log_no);
}

// The open row, or one that is passed over, is done with.
void EventScan::State::end_row() {
  scan.reset();
  ++page_row;
  position = {row.log_no, request.descending ? row.first : row.end()};
}

// Opens the next row that may match. False: the page has no more whose bytes are there.
bool EventScan::State::open_row() {
  for (; page_row < rows.size(); end_row()) {
    row = rows[page_row];
    if (!row.fits) {
      more = true;
      return false;
    }
    if (!set_bounds()) continue;
    ++counters.segments;
    scan = SegmentScan::open(row, request.filter);
    if (!scan) {
      ++counters.unreadable;
      continue;
    }
    if (scan->was_read()) counters.events += row.count;
    if (scan->any()) return true;
  }
  return false;
}

// Moves to the next event of the page. False: there is none.
bool EventScan::State::find_event() {
  for (; scan || open_row(); end_row()) {
    const std::optional<size_t> at = request.descending
                                         ? scan->last_below(static_cast<size_t>(high - row.first))
                                         : scan->first_from(static_cast<size_t>(low - row.first));
    if (!at) continue;
    const uint64_t n = row.first + *at;
    if (n < low || n >= high) continue;
    (request.descending ? high : low) = request.descending ? n : n + 1;
    event = scan->event(*at);
    id = segment_id(row.log_no, n);
    return true;
  }
  return false;
}

// Downwards, to the end of the log before. False: there is none.
bool EventScan::State::next_log_below(int64_t log_no) {
  const auto above = logs.lower_bound(log_no);
  if (above == logs.begin()) return false;
  position = {std::prev(above)->first, kEventNumberMax + 1};
  return true;
}

bool EventScan::State::is_past_the_end() const {
  if (!request.descending) {
    return position.log_no > last.log_no ||
           (position.log_no == last.log_no && position.first > last.first);
  }
  return position.log_no < first.log_no ||
         (position.log_no == first.log_no && position.first <= first.first);
}

EventScan::EventScan(ScanRequest request) : state_(std::make_unique<State>(std::move(request))) {}

EventScan::~EventScan() = default;

Result<std::optional<Group>> EventScan::next(Reply reply) {
  using Phase = State::Phase;
  State& state = *state_;
  WEIR_TRY(reply.status);
  if (state.phase == Phase::kBegin) {
    state.phase = asks_for_any(state.request) ? Phase::kLogs : Phase::kEnd;
    if (at_end()) return std::optional<Group>();
    return std::optional(Group{{log_range(kFirstLog, kLogNumberMax)}, false});
  }
  if (state.phase == Phase::kLogs) {
    WEIR_TRY(state.take_logs(reply.results.at(0)));
    return state.begin_scan();
  }
  if (!reply.results.empty()) WEIR_TRY(state.take_page(std::move(reply.results[0])));
  if (at_end() || state.find_event()) return std::optional<Group>();
  const bool log_ended = !state.more;
  if (log_ended && !(state.request.descending && state.next_log_below(state.position.log_no))) {
    state.phase = Phase::kEnd;
  } else if (state.is_past_the_end()) {
    state.phase = Phase::kEnd;
  }
  return at_end() ? std::optional<Group>() : std::optional(state.rows_group());
}

bool EventScan::at_end() const { return state_->phase == State::Phase::kEnd; }
const Event& EventScan::event() const { return state_->event; }
int64_t EventScan::id() const { return state_->id; }
const LogState& EventScan::log() const { return state_->logs.at(state_->row.log_no); }
const ScanCounters& EventScan::counters() const { return state_->counters; }

}  // namespace weir

// Upwards one statement walks all logs; downwards there is one for a single log, so the logs are
// taken one after the other, from the last on. Either answers rows in order, with the bytes of the
// small ones.
#include "weir/event_scan.h"

#include <algorithm>

#include "log_rows.h"
#include "row_scanner.h"

namespace weir {
namespace {

constexpr uint64_t kBytesPerStep = 1 << 20;
constexpr size_t kFirstRows = 8;
constexpr size_t kRowsMax = 256;

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
  std::optional<Step> begin_scan();
  Group rows_group() const;
  Status take_page(Rows* answered);
  bool find_event();
  bool take_match();
  void add_row(WalkRow next);
  void end_row();
  bool next_log_below(int64_t log_no);
  bool is_past_the_end() const;

  const ScanRequest request;
  const SegmentKey first, last;  // of the ids asked for
  Phase phase = Phase::kBegin;
  std::map<int64_t, LogState> logs;
  SegmentKey position;  // upwards: where rows go on; downwards: one past that
  bool more = false;    // rows follow that the scanner has not got
  WalkPage page{kFirstRows, kRowsMax};
  RowScanner scanner{
      request.filter, ColumnSet::all(),
      request.descending ? SegmentScan::Order::kDownwards : SegmentScan::Order::kUpwards};
  WalkRow row;           // of the scanner, without its bytes
  size_t match = 0;      // of the scanner's chunk: upwards the next one, downwards one past it
  size_t match_end = 0;  // upwards
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
std::optional<Step> EventScan::State::begin_scan() {
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
  const auto whole = static_cast<int64_t>(page.whole_bytes(kBytesPerStep));
  const auto rows = static_cast<int64_t>(page.rows());
  if (request.descending) {
    return Group{{{StatementId::kQueryBackward,
                   {position.log_no, number, filter.since_ms, filter.until_ms, whole, rows}}},
                 false};
  }
  return Group{{{StatementId::kQueryForward,
                 {sites_value(filter.sites), position.log_no, number, int64_t{0}, filter.since_ms,
                  filter.until_ms, whole, rows}}},
               false};
}

Status EventScan::State::take_page(Rows* answered) {
  more = answered->rows.size() == page.rows();
  WEIR_ASSIGN(std::vector<WalkRow> walk, walk_rows(std::move(*answered)));
  uint64_t read = 0;
  for (WalkRow& next : walk) {
    read += next.data.size();
    add_row(std::move(next));
  }
  page.took(read, kBytesPerStep);
  return {};
}

// Takes a row for the events in it that are asked for. Rows may have been merged since the last
// page was read: what was passed stays passed.
void EventScan::State::add_row(WalkRow next) {
  uint64_t low = next.first;
  uint64_t high = next.end();
  if (next.log_no == first.log_no) low = std::max(low, first.first);
  if (next.log_no == last.log_no) high = std::min(high, last.first + 1);
  if (next.log_no == position.log_no) {
    uint64_t& bound = request.descending ? high : low;
    bound = request.descending ? std::min(high, position.first) : std::max(low, position.first);
  }
  const bool asked = next.log_no >= first.log_no && next.log_no <= last.log_no && low < high &&
                     logs.contains(next.log_no);
  if (asked) {
    scanner.add(std::move(next), low, high);
  } else if (scanner.empty()) {
    row = next.position();
    end_row();
  }
}

// The row is done with, or passed over.
void EventScan::State::end_row() {
  position = {row.log_no, request.descending ? row.first : row.end()};
}

bool EventScan::State::take_match() {
  if (request.descending ? match == 0 : match == match_end) return false;
  const size_t at = request.descending ? --match : match++;
  const SegmentScan& scan = scanner.scan();
  event = scan.event(at);
  const uint64_t n = scan.number(at);
  id = segment_id(row.log_no, n);
  position = {row.log_no, request.descending ? n : n + 1};
  return true;
}

// Moves to the next event. False: there is none in the rows that are at hand, or bytes are needed.
bool EventScan::State::find_event() {
  using Found = RowScanner::Found;
  while (!take_match()) {
    if (scanner.empty()) return false;
    if (!scanner.is_open()) {
      row = scanner.row().position();
      ++counters.segments;
    }
    const Found found = scanner.advance();
    counters.events += scanner.take_events_decoded();
    switch (found) {
      case Found::kNeedsBytes:
        return false;
      case Found::kChunk:
        match_end = scanner.scan().matches().size();
        match = request.descending ? match_end : 0;
        break;
      case Found::kUnreadable:
        ++counters.unreadable;
        end_row();
        break;
      case Found::kRowEnd:
        end_row();
        break;
      case Found::kChanged:
        more = true;
        return false;
    }
  }
  return true;
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

Result<std::optional<Step>> EventScan::next(Reply reply) {
  using Phase = State::Phase;
  State& state = *state_;
  WEIR_TRY(reply.status);
  if (state.phase == Phase::kBegin) {
    state.phase = asks_for_any(state.request) ? Phase::kLogs : Phase::kEnd;
    if (at_end()) return std::optional<Step>();
    return std::optional<Step>(Group{{log_range(kFirstLog, kLogNumberMax)}, false});
  }
  if (state.phase == Phase::kLogs) {
    WEIR_TRY(state.take_logs(reply.results.at(0)));
    return state.begin_scan();
  }
  if (state.scanner.needs_bytes()) {
    state.scanner.supply(std::move(reply.pieces));
  } else if (!reply.results.empty()) {
    WEIR_TRY(state.take_page(&reply.results[0]));
  }
  if (at_end() || state.find_event()) return std::optional<Step>();
  if (state.scanner.needs_bytes()) return std::optional<Step>(state.scanner.read());
  const bool log_ended = !state.more;
  if (log_ended && !(state.request.descending && state.next_log_below(state.position.log_no))) {
    state.phase = Phase::kEnd;
  } else if (state.is_past_the_end()) {
    state.phase = Phase::kEnd;
  }
  if (at_end()) return std::optional<Step>();
  return std::optional<Step>(state.rows_group());
}

bool EventScan::at_end() const { return state_->phase == State::Phase::kEnd; }
const Event& EventScan::event() const { return state_->event; }
int64_t EventScan::id() const { return state_->id; }
const LogState& EventScan::log() const { return state_->logs.at(state_->row.log_no); }
const ScanCounters& EventScan::counters() const { return state_->counters; }

}  // namespace weir

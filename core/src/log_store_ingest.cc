// ingest, ingest_state: the receiving side of forwarding (docs/protocol.md).
//
// One read tells who sends and where the log stands; if the body continues it, one group of guarded
// appends stores it, all or nothing, and reads the newest row again, which is the verdict. A lost
// race, or the answer to an earlier try that was lost, is found there too, so nothing is ever
// judged by what a statement says it changed.
//
// Whether a longer open tail begins with the events of the shorter one is not looked at: a sender
// compares its newest row with ours before it goes on (GET), and is the only one with its log's id.
#include "log_rows.h"
#include "machine.h"
#include "weir/access.h"
#include "weir/api.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr int64_t kRetryAfterS = 5;

Emit answer(int status, std::string body) {
  return Emit{HttpHead{status, "application/json", 0}, std::move(body)};
}

// 409: where the log stands, so that the sender can cut anew.
Emit conflict(std::string_view code, uint64_t stored_through) {
  std::string body;
  JsonWriter json(&body);
  json.begin_object().key("type").string("/problems/" + std::string(code));
  json.key("status").integer(409).key("code").string(code);
  json.key("stored_through").unsigned_integer(stored_through).end_object();
  return Emit{HttpHead{409, "application/problem+json", 0}, std::move(body)};
}

Emit refusal(const Status& status) {
  if (status.code() == Code::kTooLarge) return problem(413, "too_large", status.message());
  // Not 422: a sender must keep what only a newer receiver can read.
  if (status.code() == Code::kUnsupported) return problem(501, "unsupported", status.message());
  if (status.is_data_error()) return problem(422, "invalid", status.message());
  Emit emit = problem(503, "unavailable", status.message());
  emit.head->retry_after_s = kRetryAfterS;
  return emit;
}

// Both requests begin alike: who asks, and where does the log stand?
template <class Self>
class LogRequest : public Machine<Self> {
 protected:
  LogRequest(typename Machine<Self>::State first, std::string site, const LogId& log,
             Bytes token_sha256)
      : Machine<Self>(first), site_(std::move(site)), log_(log), token_(std::move(token_sha256)) {}

  // An operation of HTTP ends well, whatever it has answered.
  Step finish(Emit emit) { return this->emit(std::move(emit), &LogRequest::on_emitted); }
  Step failed(Status status) override {
    // A row of the database that fails its checks is no fault of the sender's.
    if (status.code() == Code::kCorrupt) return finish(problem(500, "corrupt", status.message()));
    return finish(refusal(status));
  }

  Step ask(typename Machine<Self>::State next) {
    if (token_.empty()) return finish(problem(401, "unauthorized", "a bearer token is needed"));
    return this->read({Statement{StatementId::kTokenScopes, {token_}}, log_by_id(log_)}, next);
  }
  // Why the sender may not, by the answer to ask(); leaves the log's row in row_ if it is known.
  Result<std::optional<Emit>> take_standing(const Reply& reply) {
    const auto grants = grants_at(reply.results.at(0));
    if (grants.status().code() == Code::kDenied) {
      return std::optional(problem(401, "unauthorized", "the token is unknown"));
    }
    WEIR_TRY(grants.status());
    const Rows& rows = reply.results.at(1);
    if (!rows.rows.empty()) {
      WEIR_ASSIGN(row_, log_row_at(rows, 0));
    }
    if (grants->may_ingest(site_) && (!row_ || row_->state.site == site_)) {
      return std::optional<Emit>();
    }
    return std::optional(problem(403, "forbidden", "the token may not send logs of this site"));
  }

  const std::string site_;
  const LogId log_;
  const Bytes token_;
  std::optional<LogRow> row_;

 private:
  Result<Step> on_emitted(Reply&) { return this->done(); }
};

class Ingest final : public LogRequest<Ingest> {
 public:
  explicit Ingest(IngestRequest request)
      : LogRequest(&Ingest::begin, std::move(request.site), request.log,
                   std::move(request.token_sha256)),
        first_(request.first),
        body_(std::move(request.body)),
        now_ms_(request.now_ms),
        interval_s_(request.interval_s) {}

 private:
  Result<Step> begin(Reply&) { return ask(&Ingest::on_standing); }

  Result<Step> on_standing(Reply& reply) {
    WEIR_ASSIGN(std::optional<Emit> denied, take_standing(reply));
    if (denied) return finish(std::move(*denied));
    if (Status status = read_body(); !status.ok()) return finish(refusal(as_input(status)));
    if (row_) return judge();
    if (first_ != 0) return finish(conflict("gap", 0));
    return write(open_statements(log_, site_, now_ms_), &Ingest::on_opened);
  }

  Result<Step> on_opened(Reply& reply) {
    WEIR_ASSIGN(row_, opened_log(reply));
    return judge();
  }

  // What the reader of segments calls corrupt is invalid as a request.
  static Status as_input(const Status& status) {
    return status.code() == Code::kCorrupt ? Status(Code::kInvalid, status.message()) : status;
  }

  Status read_body() {
    if (body_.size() > kIngestBytesMax) return Status(Code::kTooLarge, "the body is too large");
    uint64_t next = first_;
    for (ByteView rest = body_; !rest.empty(); rest = rest.subspan(heads_.back().total_bytes)) {
      if (heads_.size() == kIngestSegmentsMax) {
        return Status(Code::kTooLarge, "the body has too many segments");
      }
      if (!heads_.empty() && heads_.back().open) {
        return Status(Code::kInvalid, "only the last segment may be open");
      }
      WEIR_ASSIGN(const SegmentHead head, read_segment(rest));
      if (head.log != log_ || head.first != next) {
        return Status(Code::kInvalid, "the segments do not continue the path's log and number");
      }
      next = head.end();
      heads_.push_back(head);
    }
    return heads_.empty() ? Status(Code::kInvalid, "the body is empty") : Status();
  }

  // The head of the first segment of `bytes`, all of whose checks hold.
  static Result<SegmentHead> read_segment(ByteView bytes) {
    WEIR_ASSIGN(const SegmentHead head, read_segment_head(bytes));
    const bool events = head.kind == SegmentKind::kEvents;
    if (head.total_bytes > kSegmentEdgeBytesMax || (events && head.count > kSegmentEdgeEventsMax)) {
      return Status(Code::kTooLarge, "a segment is larger than this receiver takes");
    }
    if (hour_of(head.first_ms) != hour_of(head.last_ms)) {
      return Status(Code::kInvalid, "a segment leaves its hour");
    }
    if (head.total_bytes > bytes.size()) return Status(Code::kInvalid, "a segment is cut short");
    WEIR_TRY(SegmentReader::open(bytes.first(head.total_bytes)).status());
    return head;
  }

  Result<Step> judge() {
    const Newest& newest = row_->newest;
    const Newest wanted = newest_of(heads_.back());
    if (newest == wanted) return finish(stored());
    if (first_ == newest.end() || extends(newest)) return append();
    if (first_ > newest.end()) return finish(conflict("gap", newest.end()));
    const bool same_numbers = wanted.first == newest.first && wanted.count == newest.count;
    const bool fork = same_numbers && wanted.crc != newest.crc;
    return finish(conflict(fork ? "fork" : "overlap", newest.end()));
  }

  // The body begins with the open newest row, longer or sealed; what is a gap by now has events
  // here, which stay.
  bool extends(const Newest& newest) const {
    const SegmentHead& head = heads_.front();
    if (!newest.open || head.first != newest.first) return false;
    if (head.kind != SegmentKind::kEvents) return false;
    if (head.count > newest.count) return true;
    return head.count == newest.count && head.content_crc == newest.crc && !head.open;
  }

  Step append() {
    const int64_t log_no = row_->state.log_no;
    std::vector<Statement> statements;
    Newest expected = row_->newest;
    ByteView rest = body_;
    for (const SegmentHead& head : heads_) {
      const ByteView bytes = rest.first(head.total_bytes);
      rest = rest.subspan(head.total_bytes);
      statements.push_back(
          segment_append(log_no, expected, head, Bytes(bytes.begin(), bytes.end())));
      expected = newest_of(head);
    }
    statements.push_back(log_by_id(log_));
    return write(std::move(statements), &Ingest::on_written);
  }

  Result<Step> on_written(Reply& reply) {
    WEIR_ASSIGN(row_, only_log(reply.results.back()));
    if (row_->newest == newest_of(heads_.back())) return finish(stored());
    return finish(conflict("overlap", row_->newest.end()));  // somebody else was there first
  }

  Emit stored() const {
    std::string body;
    JsonWriter json(&body);
    json.begin_object().key("stored_through").unsigned_integer(row_->newest.end());
    json.key("interval_s").integer(interval_s_).end_object();
    return answer(200, std::move(body));
  }

  const uint64_t first_;
  const Bytes body_;
  const int64_t now_ms_;
  const int64_t interval_s_;
  std::vector<SegmentHead> heads_;
};

class IngestState final : public LogRequest<IngestState> {
 public:
  IngestState(std::string site, const LogId& log, Bytes token_sha256, int64_t interval_s)
      : LogRequest(&IngestState::begin, std::move(site), log, std::move(token_sha256)),
        interval_s_(interval_s) {}

 private:
  Result<Step> begin(Reply&) { return ask(&IngestState::on_standing); }

  Result<Step> on_standing(Reply& reply) {
    WEIR_ASSIGN(std::optional<Emit> denied, take_standing(reply));
    if (denied) return finish(std::move(*denied));
    std::string body;
    JsonWriter json(&body);
    json.begin_object().key("stored_through").unsigned_integer(row_ ? row_->newest.end() : 0);
    json.key("last");
    put_last(json);
    json.key("limits").begin_object();
    json.key("bytes").unsigned_integer(kIngestBytesMax);
    json.key("segments").unsigned_integer(kIngestSegmentsMax);
    json.key("segment_events").unsigned_integer(kSegmentEdgeEventsMax);
    json.key("segment_bytes").unsigned_integer(kSegmentEdgeBytesMax).end_object();
    json.key("interval_s").integer(interval_s_).end_object();
    return finish(answer(200, std::move(body)));
  }

  // Null for a log without events: its newest row is the anchor.
  void put_last(JsonWriter& json) const {
    if (!row_ || row_->newest.count == 0) {
      json.null();
      return;
    }
    const Newest& newest = row_->newest;
    json.begin_object().key("first").unsigned_integer(newest.first);
    json.key("count").unsigned_integer(newest.count);
    json.key("crc").unsigned_integer(newest.crc).end_object();
  }

  const int64_t interval_s_;
};

}  // namespace

OperationPtr ingest(IngestRequest request) { return std::make_unique<Ingest>(std::move(request)); }

OperationPtr ingest_state(std::string site, const LogId& log, Bytes token_sha256,
                          int64_t interval_s) {
  return std::make_unique<IngestState>(std::move(site), log, std::move(token_sha256), interval_s);
}

}  // namespace weir

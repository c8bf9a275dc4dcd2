#include "session.h"

#include "bytes.h"
#include "weir/access.h"
#include "weir/api.h"
#include "weir/log_store.h"

namespace weir {
namespace {

enum class Kind : uint8_t {
  kStatements = 0,
  kApi = 1,
  kIngest = 2,
  kIngestState = 3,
  kAdvanceRollups = 4,
  kRetain = 5,
  kPutToken = 6,
  kDropToken = 7,
  kFindGrants = 8,
};

// What bad arguments become.
class Rejected final : public Operation {
 public:
  Step resume(Reply) override {
    return Done{Status(Code::kInvalid, "the operation's arguments are malformed")};
  }
};

// Hands the host its SQL, once.
class ListStatements final : public Operation {
 public:
  Step resume(Reply) override {
    if (listed_) return Done{};
    listed_ = true;
    return Emit{{}, std::string(as_text(encode_statements(Dialect::kD1)))};
  }

 private:
  bool listed_ = false;
};

// The operations' arguments, field by field; a short message makes ok() false for good.
class Arguments {
 public:
  explicit Arguments(ByteView message) : in_(message) {}

  bool complete() const { return in_.ok() && in_.at_end(); }
  Kind kind() { return static_cast<Kind>(in_.u8()); }
  bool boolean() { return in_.u8() != 0; }
  int64_t integer() { return static_cast<int64_t>(in_.u64()); }
  // A count or budget; nothing negative can be meant.
  uint64_t count() { return in_.u64() & kIntegerMax; }
  std::string text() { return std::string(in_.take_text(in_.u32())); }
  Bytes bytes() {
    const ByteView view = in_.take(in_.u32());
    return Bytes(view.begin(), view.end());
  }

 private:
  ByteReader in_;
};

Prepared prepare_api(Arguments& in) {
  ApiRequest request;
  request.method = in.text();
  request.target = in.text();
  request.now_ms = in.integer();
  request.token_sha256 = in.bytes();
  request.trusted = in.boolean();
  request.budget = {.events = in.count(),
                    .bytes = in.count(),
                    .statements = in.count(),
                    .reply_bytes = in.count()};
  return {api(std::move(request)), {}};
}

Prepared prepare_ingest(Arguments& in) {
  IngestRequest request;
  request.site = in.text();
  const auto log = parse_log_id(in.text());
  request.first = in.count();
  request.body = in.bytes();
  request.token_sha256 = in.bytes();
  request.now_ms = in.integer();
  request.interval_s = in.integer();
  if (!log.ok()) return {};
  request.log = *log;
  return {ingest(std::move(request)), {}};
}

Prepared prepare_ingest_state(Arguments& in) {
  std::string site = in.text();
  const auto log = parse_log_id(in.text());
  Bytes token = in.bytes();
  const int64_t interval_s = in.integer();
  if (!log.ok()) return {};
  return {ingest_state(std::move(site), *log, std::move(token), interval_s), {}};
}

int64_t as_integer(uint64_t count) { return static_cast<int64_t>(count); }

Prepared prepare_rollups(Arguments& in) {
  const int64_t now_ms = in.integer();
  RollupBudget budget{.events = in.count(), .statements = in.count()};
  const auto progress = std::make_shared<RollupProgress>();
  return {advance_rollups(now_ms, budget, progress.get()), [progress] {
            return Counters{{"events", as_integer(progress->events)},
                            {"corrupt", as_integer(progress->corrupt)},
                            {"skewed", as_integer(progress->skewed)},
                            {"done", progress->done}};
          }};
}

Prepared prepare_retain(Arguments& in) {
  RetentionPolicy policy;
  policy.now_ms = in.integer();
  policy.events_days = in.integer();
  policy.rollup_days = in.integer();
  policy.segments_max = in.count();
  policy.statements = in.count();
  const auto progress = std::make_shared<RetentionProgress>();
  return {retain(policy, progress.get()), [progress] {
            return Counters{{"segments", as_integer(progress->segments)},
                            {"events", as_integer(progress->events)},
                            {"rollups", as_integer(progress->rollups)},
                            {"done", progress->done}};
          }};
}

Prepared prepare_put_token(Arguments& in) {
  Bytes token = in.bytes();
  std::string name = in.text();
  std::string scopes = in.text();
  return {put_token(std::move(token), std::move(name), std::move(scopes), in.integer()), {}};
}

Prepared prepare_find_grants(Arguments& in) {
  const auto grants = std::make_shared<Grants>();
  return {find_grants(in.bytes(), grants.get()),
          [grants] { return Counters{{"admin", grants->admin}}; }};
}

Prepared prepare_kind(Arguments& in) {
  switch (in.kind()) {
    case Kind::kStatements:
      return {std::make_unique<ListStatements>(), {}};
    case Kind::kApi:
      return prepare_api(in);
    case Kind::kIngest:
      return prepare_ingest(in);
    case Kind::kIngestState:
      return prepare_ingest_state(in);
    case Kind::kAdvanceRollups:
      return prepare_rollups(in);
    case Kind::kRetain:
      return prepare_retain(in);
    case Kind::kPutToken:
      return prepare_put_token(in);
    case Kind::kDropToken:
      return {drop_token(in.bytes()), {}};
    case Kind::kFindGrants:
      return prepare_find_grants(in);
  }
  return {};
}

}  // namespace

Prepared prepare(ByteView arguments) {
  Arguments in(arguments);
  Prepared prepared = prepare_kind(in);
  if (!prepared.operation || !in.complete()) return {std::make_unique<Rejected>(), {}};
  return prepared;
}

Step Session::next(Reply reply) {
  for (;;) {
    Step step = prepared_.operation->resume(std::move(reply));
    if (!std::holds_alternative<Object>(step)) return step;
    reply = Reply{Status(Code::kUnsupported, "no object store is bound")};
  }
}

void Session::resume(ByteView reply) {
  WEIR_CHECK(!std::holds_alternative<Done>(asked_));
  auto decoded = reply.empty() ? Result<Reply>(Reply{}) : decode_reply(reply, asked_);
  asked_ = next(decoded.ok() ? std::move(*decoded) : Reply{decoded.status()});
  const bool done = std::holds_alternative<Done>(asked_);
  const bool report = done && prepared_.counters;
  message_ = encode_step(asked_, report ? prepared_.counters() : Counters{});
}

}  // namespace weir

// open_log, list_logs, set_acked, append.
#include "contract/stores.h"

namespace weir {
namespace {

TEMPLATE_TEST_CASE("a new log starts empty and keeps its number", "", MemoryStore, SqliteStore) {
  TestType store;
  const LogState state = opened(store.executor());
  CHECK(state.log_no == 1);
  CHECK(state.log == sample_log(1));
  CHECK(state.site == "home");
  CHECK(state.end == 0);
  CHECK(opened(store.executor(), sample_log(2)).log_no == 2);
  CHECK(opened(store.executor(), sample_log(1), "elsewhere").site == "home");
}

TEMPLATE_TEST_CASE("the logs of one site, or all, are listed in order", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  opened(store.executor(), sample_log(3), "home");
  opened(store.executor(), sample_log(2), "office");
  opened(store.executor(), sample_log(1), "home");
  std::vector<LogState> logs;
  REQUIRE(run(store.executor(), list_logs("home", &logs)).ok());
  REQUIRE(logs.size() == 2);
  CHECK(logs[0].log == sample_log(3));
  CHECK(logs[1].log == sample_log(1));
  REQUIRE(run(store.executor(), list_logs("", &logs)).ok());
  CHECK(logs.size() == 3);
}

TEMPLATE_TEST_CASE("a database has room for a bounded number of logs", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  // A bound of one log instead of kLogNumberMax.
  const Reply reply = store.executor().run_group(Group{
      {{StatementId::kLogCreate, {Bytes(16, 9), std::string("s"), int64_t{0}, int64_t{1}}}}, true});
  REQUIRE(reply.status.ok());
  CHECK(reply.results.at(0).changes == 1);
  const Reply full = store.executor().run_group(Group{
      {{StatementId::kLogCreate, {Bytes(16, 8), std::string("s"), int64_t{0}, int64_t{1}}}}, true});
  CHECK(full.results.at(0).changes == 0);
}

TEMPLATE_TEST_CASE("acked never goes backwards", "", MemoryStore, SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  REQUIRE(run(store.executor(), set_acked(log_no, 5)).ok());
  REQUIRE(run(store.executor(), set_acked(log_no, 4)).ok());
  CHECK(state_of(store.executor(), log_no).acked == 5);
}

TEMPLATE_TEST_CASE("appended segments are the log, and the ledger has counted them", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  append_ok(store.executor(), log_no,
            {sample_segment({.first = 0}), sample_segment({.first = 10})});
  append_ok(store.executor(), log_no, {sample_segment({.first = 20, .count = 5})});
  CHECK(content_of(store.executor(), log_no) == sample_lines(0, 25));
  CHECK(state_of(store.executor(), log_no).end == 25);
  CHECK(store.ledger()["offered"] == 25);
  CHECK(store.ledger()["stored"] == 25);
}

TEMPLATE_TEST_CASE("a repeated batch is there already and adds nothing", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  const std::vector<Bytes> batch = {sample_segment({.first = 0}), sample_segment({.first = 10})};
  append_ok(store.executor(), log_no, batch);
  append_ok(store.executor(), log_no, batch);
  CHECK(content_of(store.executor(), log_no) == sample_lines(0, 20));
  CHECK(store.ledger()["stored"] == 20);
}

TEMPLATE_TEST_CASE("a batch that does not begin at the log's end is a conflict", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  append_ok(store.executor(), log_no, {sample_segment({.first = 0})});
  for (uint64_t first : {9U, 11U}) {
    const AppendRequest request = batch_of(log_no, {sample_segment({.first = first})});
    CHECK(run(store.executor(), append(request)).code() == Code::kConflict);
  }
  // The same numbers with other events.
  const AppendRequest other =
      batch_of(log_no, {sample_segment({.first = 0, .start_ms = kSampleHourMs + 5})});
  CHECK(run(store.executor(), append(other)).code() == Code::kConflict);
  CHECK(store.ledger()["stored"] == 10);
}

TEMPLATE_TEST_CASE("a batch that is not contiguous segments of the log is refused", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  AppendRequest hole =
      batch_of(log_no, {sample_segment({.first = 0}), sample_segment({.first = 11})});
  CHECK(run(store.executor(), append(hole)).code() == Code::kInvalid);
  AppendRequest foreign = batch_of(log_no, {sample_segment({.log = sample_log(2)})});
  CHECK(run(store.executor(), append(foreign)).code() == Code::kInvalid);
  AppendRequest unknown = batch_of(log_no + 1, {sample_segment({})});
  CHECK(run(store.executor(), append(unknown)).code() == Code::kNotFound);
  AppendRequest noise = batch_of(log_no, {sample_segment({})});
  noise.segments[0][20] ^= 1;
  CHECK(run(store.executor(), append(noise)).code() == Code::kCorrupt);
  CHECK(state_of(store.executor(), log_no).end == 0);
}

TEMPLATE_TEST_CASE("a batch at the bound of segments is stored, one more is too large", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  std::vector<Bytes> segments;
  for (uint64_t first = 0; first <= kBatchSegmentsMax; ++first) {
    segments.push_back(sample_segment({.first = first, .count = 1}));
  }
  CHECK(run(store.executor(), append(batch_of(log_no, segments))).code() == Code::kTooLarge);
  segments.pop_back();
  append_ok(store.executor(), log_no, segments);
  CHECK(state_of(store.executor(), log_no).end == kBatchSegmentsMax);
}

TEMPLATE_TEST_CASE("the ledger alone grows once per sequence", "", MemoryStore, SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  AppendRequest growth{.log_no = log_no, .ledger_sequence = 1, .now_ms = kSampleHourMs};
  growth.ledger.offered = 3;
  growth.ledger.dropped[static_cast<size_t>(DropReason::kCrash)] = 3;
  growth.ledger.unclean = true;
  REQUIRE(run(store.executor(), append(growth)).ok());
  REQUIRE(run(store.executor(), append(growth)).ok());
  CHECK(store.ledger()["offered"] == 3);
  CHECK(store.ledger()["dropped_crash"] == 3);
  CHECK(store.ledger()["unclean"] == 1);
  CHECK(state_of(store.executor(), log_no).ledger_sequence == 1);
  growth.ledger_sequence = 2;
  REQUIRE(run(store.executor(), append(growth)).ok());
  CHECK(store.ledger()["offered"] == 6);
}

TEMPLATE_TEST_CASE("a gap is part of the log like any segment", "", MemoryStore, SqliteStore) {
  TestType store;
  const int64_t log_no = opened(store.executor()).log_no;
  append_ok(store.executor(), log_no,
            {sample_segment({.first = 0, .count = 2}),
             encode_gap(sample_log(1), 2, 5, GapReason::kData, kSampleHourMs, {}),
             sample_segment({.first = 5, .count = 1})});
  CHECK(content_of(store.executor(), log_no) ==
        std::vector<std::string>{sample_lines(0, 1)[0], sample_lines(1, 2)[0], "2-5 gap:data",
                                 sample_lines(5, 6)[0]});
  CHECK(store.ledger()["stored"] == 3);
}

}  // namespace
}  // namespace weir

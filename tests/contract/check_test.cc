// check_logs and rebuild_rollups: damage is made by hand, found, named and mended; nothing else is.
#include "weir/check.h"

#include "contract/every_failure.h"
#include "contract/stores.h"
#include "log_rows.h"
#include "rollup_delta.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + 3 * kHourMs;
constexpr int64_t kHour = kSampleHourMs / kHourMs;

// Logs 1 and 2 with a hundred events each in segments of ten, rolled up.
template <class Store>
void prepare(Store& store) {
  for (const uint8_t log : {uint8_t{1}, uint8_t{2}}) {
    opened(store.executor(), sample_log(log));
    for (uint64_t first = 0; first < 100; first += 10) {
      append_ok(store.executor(), log, {sample_segment({.log = sample_log(log), .first = first})});
    }
  }
  RollupProgress progress;
  REQUIRE(run(store.executor(), advance_rollups(kNowMs, {}, &progress)).ok());
}

void write(Executor& executor, Statement statement) {
  REQUIRE(executor.run_group(Group{{std::move(statement)}, true}).status.ok());
}

void put(Executor& executor, int64_t log_no, const Bytes& segment,
         const std::function<void(std::vector<Value>&)>& change = {}) {
  std::vector<Value> values = segment_values(log_no, *read_segment_head(segment), segment);
  if (change) change(values);
  write(executor, {StatementId::kSegmentPut, std::move(values)});
}

void remove_segment(Executor& executor, int64_t log_no, uint64_t first) {
  const int64_t id = segment_id(log_no, first);
  write(executor, {StatementId::kSegmentRemove, {id, id}});
}

CheckResult check(Executor& executor, CheckRequest request = {}) {
  CheckResult result;
  request.now_ms = kNowMs;
  const Status status = run(executor, check_logs(request, &result));
  INFO(status.message());
  REQUIRE(status.ok());
  return result;
}

std::vector<std::string> problems(const CheckResult& result) {
  std::vector<std::string> texts;
  for (const Finding& finding : result.findings) texts.push_back(finding_text(finding));
  return texts;
}

using Texts = std::vector<std::string>;

// Mends what was found, and expects a second look to find nothing.
CheckResult mended(Executor& executor) {
  const CheckResult result = check(executor, {.mending = Mending::kAll});
  RebuildResult rebuilt;
  REQUIRE(run(executor, rebuild_rollups(result.hours, kNowMs, &rebuilt)).ok());
  CHECK(problems(check(executor)) == Texts{});
  return result;
}

Rows rollups(Executor& executor) {
  return answer_of(executor, {StatementId::kRollupList, {int64_t{-1}, int64_t{1000}}});
}

Rollup hour_of_log(Executor& executor, int64_t log_no) {
  const std::vector<Value> ids(kRollupGetIds, Value(rollup_id(RollupLevel::kHour, log_no, kHour)));
  bool sketch_ok = false;
  Result<Rollup> rollup =
      rollup_at(answer_of(executor, {StatementId::kRollupGet, ids}), 0, &sketch_ok);
  REQUIRE(rollup.ok());
  CHECK(sketch_ok);
  return std::move(rollup).value();
}

TEMPLATE_TEST_CASE("a log as it was written has no findings", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const CheckResult result = check(store.executor());
  CHECK(problems(result) == Texts{});
  CHECK(result.segments == 20);
  CHECK(result.events == 200);
  CHECK(result.rollups == 6);
  CHECK(result.rollups_compared);
}

TEMPLATE_TEST_CASE("bytes that fail their checks are found and become a gap, counted once", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  store.damage(segment_id(1, 30));
  CHECK(problems(check(store.executor())) ==
        Texts{"log 1, events 30 to 39: the bytes fail their checks"});
  const CheckResult result = mended(store.executor());
  CHECK(result.mended == 1);
  CHECK(result.corrupt_events == 10);
  CHECK(content_of(store.executor(), 1).at(30) == "30-40 gap:corrupt");
  CHECK(content_of(store.executor(), 1).size() == 91);
  CHECK(store.ledger()["expired_corrupt"] == 10);
  CHECK(hour_of_log(store.executor(), 1).counts.total() == 100);
}

TEMPLATE_TEST_CASE("beside a writer, bytes that fail their checks are marked and counted once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        prepare(store);
        store.damage(segment_id(1, 30));
        remove_segment(store.executor(), 1, 50);  // a hole is not filled while others write
      },
      [](Executor& executor) {
        CheckResult result;
        return run(executor, check_logs({.mending = Mending::kMark, .now_ms = kNowMs}, &result));
      },
      [](TestType& store) {
        CHECK(problems(check(store.executor())).size() == 2);
        CHECK(store.ledger()["expired_corrupt"] == 10);
        CHECK(check(store.executor(), {.mending = Mending::kMark}).mended == 0);
        CHECK(mended(store.executor()).corrupt_events == 10);  // the hole's
      });
}

TEMPLATE_TEST_CASE("a segment that is merged while it is to be marked holds up no look", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  store.damage(segment_id(1, 30));
  store.damage(segment_id(1, 50));
  CheckResult result;
  const auto look = check_logs({.mending = Mending::kMark, .now_ms = kNowMs}, &result);
  Step step = look->start();
  bool removed = false;
  while (!std::holds_alternative<Done>(step)) {
    const auto* group = std::get_if<Group>(&step);
    REQUIRE(group != nullptr);
    if (group->writes && !std::exchange(removed, true)) remove_segment(store.executor(), 1, 30);
    step = look->resume(store.executor().run_group(*group));
  }
  CHECK(std::get<Done>(step).status.ok());
  CHECK(result.mended == 1);
  CHECK(result.corrupt_events == 10);
  CHECK(store.ledger()["expired_corrupt"] == 10);
}

TEMPLATE_TEST_CASE("bytes that were counted as corrupt before are not counted again", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  append_ok(store.executor(), 1, {sample_segment({.first = 100})});
  store.damage(segment_id(1, 100));
  RollupProgress progress;
  REQUIRE(run(store.executor(), advance_rollups(kNowMs, {}, &progress)).ok());
  REQUIRE(store.ledger()["expired_corrupt"] == 10);
  CHECK(mended(store.executor()).corrupt_events == 0);
  CHECK(store.ledger()["expired_corrupt"] == 10);
}

TEMPLATE_TEST_CASE("numbers that are missing become a gap", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  remove_segment(store.executor(), 2, 40);
  remove_segment(store.executor(), 2, 50);
  CHECK(problems(check(store.executor())) == Texts{"log 2, events 40 to 59: are missing"});
  CHECK(mended(store.executor()).corrupt_events == 20);
  CHECK(content_of(store.executor(), 2).at(40) == "40-60 gap:corrupt");
}

TEMPLATE_TEST_CASE("the beginning of a log may be missing: it has expired", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  RetentionProgress progress;
  REQUIRE(run(store.executor(), retain({.now_ms = kNowMs + 30 * kDayMs}, &progress)).ok());
  REQUIRE(progress.segments > 0);
  CHECK(problems(check(store.executor())) == Texts{});
}

TEMPLATE_TEST_CASE("of numbers that are there twice the first row is kept", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  put(store.executor(), 1, sample_segment({.first = 25, .count = 5}));
  CHECK(problems(check(store.executor())) == Texts{"log 1, events 25 to 29: are there twice"});
  CHECK(mended(store.executor()).corrupt_events == 0);
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 100));
}

TEMPLATE_TEST_CASE("a row that says something else than its bytes is put right by them", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const size_t column =
      GENERATE(size_t{2}, size_t{4}, size_t{5}, size_t{7});  // kind, first_ms, last_ms, crc
  put(store.executor(), 1, sample_segment({.first = 60}),
      [column](std::vector<Value>& values) { std::get<int64_t>(values[column]) ^= 1; });
  CHECK(check(store.executor()).findings_count == 1);
  CHECK(mended(store.executor()).corrupt_events == 0);
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 100));
  CHECK(hour_of_log(store.executor(), 1).counts.total() == 100);
}

TEMPLATE_TEST_CASE("events that are marked as corrupt and can be read come back", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  put(store.executor(), 1, sample_segment({.first = 60}),
      [](std::vector<Value>& values) { values[2] = int64_t{2}; });
  CHECK(problems(check(store.executor())) ==
        Texts{"log 1, events 60 to 69: is marked as corrupt and can be read"});
  CHECK(mended(store.executor()).corrupt_events == 0);
  CHECK(check(store.executor()).events == 200);
}

TEMPLATE_TEST_CASE("bytes of another log or of other numbers are not taken for the row's", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const bool other_log = GENERATE(true, false);
  const Bytes wrong = other_log ? sample_segment({.log = sample_log(2), .first = 60})
                                : sample_segment({.first = 70});
  put(store.executor(), 1, wrong,
      [](std::vector<Value>& values) { values[0] = segment_id(1, 60); });
  CHECK(problems(check(store.executor())) ==
        Texts{"log 1, events 60 to 69: the bytes are those of other events"});
  CHECK(mended(store.executor()).corrupt_events == 10);
}

TEMPLATE_TEST_CASE("a ledger that does not add up is found", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  AppendRequest growth{.log_no = 2, .ledger_sequence = 1, .now_ms = kSampleHourMs};
  growth.ledger.offered = 7;
  REQUIRE(run(store.executor(), append(growth)).ok());
  CHECK(problems(check(store.executor())) ==
        Texts{"log 2, ledger: 107 events were offered and 100 are accounted for"});
}

TEMPLATE_TEST_CASE("a rollup whose summary fails its checks is computed anew, to the byte", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const Rows before = rollups(store.executor());
  const auto level = GENERATE(RollupLevel::kHour, RollupLevel::kDay);
  const int64_t log_no = GENERATE(0, 1);
  const int64_t start = level == RollupLevel::kHour ? kHour : kHour / 24 * 24;
  store.damage_rollup(rollup_id(level, log_no, start));
  const CheckResult found = check(store.executor());
  CHECK(found.findings_count == 1);
  CHECK(found.findings.at(0).problem == "the summary fails its checks");
  mended(store.executor());
  CHECK(rollups(store.executor()).rows == before.rows);
}

TEMPLATE_TEST_CASE("a rollup that counts something else than the segments is computed anew", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const Rows before = rollups(store.executor());
  const int64_t log_no = GENERATE(0, 1, 2);
  const int64_t change = GENERATE(-1, 1);
  Rollup rollup = hour_of_log(store.executor(), log_no);
  rollup.counts.by_outcome[1] += static_cast<uint64_t>(change);
  write(store.executor(), rollup_put(rollup_id(RollupLevel::kHour, log_no, kHour), rollup));
  CHECK(check(store.executor()).findings_count > 0);
  mended(store.executor());
  CHECK(rollups(store.executor()).rows == before.rows);
}

TEMPLATE_TEST_CASE("rollups that are not there are computed anew, for every hour if none is named",
                   "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const Rows before = rollups(store.executor());
  const auto last = static_cast<int64_t>(kIntegerMax);
  write(store.executor(),
        {StatementId::kRollupRemove, {int64_t{0}, last, kAllLogs, int64_t{1000}}});
  CHECK(check(store.executor()).findings_count == 1);
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups({}, kNowMs, &rebuilt)).ok());
  CHECK(rebuilt.hours == 1);
  CHECK(rebuilt.incomplete == 0);
  CHECK(rollups(store.executor()).rows == before.rows);
}

TEMPLATE_TEST_CASE("where events are missing a rollup keeps its counts", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  const Rows before = rollups(store.executor());
  store.damage(segment_id(1, 30));
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups({kHour}, kNowMs, &rebuilt)).ok());
  CHECK(rebuilt.incomplete == 1);
  CHECK(rollups(store.executor()).rows == before.rows);
}

TEMPLATE_TEST_CASE("a gap at the end of a log hides nothing after the hour it was declared in", "",
                   MemoryStore, SqliteStore) {
  for (const int64_t hours_before : {0, 5}) {
    TestType store;
    prepare(store);
    opened(store.executor(), sample_log(3));
    append_ok(store.executor(), 3,
              {encode_gap(sample_log(3), 0, 10, GapReason::kExpired,
                          kSampleHourMs - hours_before * kHourMs, {})});
    RollupProgress progress;
    REQUIRE(run(store.executor(), advance_rollups(kNowMs, {}, &progress)).ok());
    CHECK(check(store.executor()).findings.empty());
    RebuildResult rebuilt;
    REQUIRE(run(store.executor(), rebuild_rollups({}, kNowMs, &rebuilt)).ok());
    CHECK(rebuilt.hours == 1);
    CHECK(rebuilt.incomplete == (hours_before == 0 ? 1 : 0));
  }
}

TEMPLATE_TEST_CASE("what is not rolled up yet stays out of rollups that are computed anew", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const Rows before = rollups(store.executor());
  append_ok(store.executor(), 1, {sample_segment({.first = 100})});
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups({}, kNowMs, &rebuilt)).ok());
  CHECK(rollups(store.executor()).rows == before.rows);
  CHECK(problems(check(store.executor())) == Texts{});
}

TEMPLATE_TEST_CASE("a fork leaves no findings and can be computed anew", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  opened(store.executor(), sample_log(3));
  REQUIRE(run(store.executor(), rehome_log(1, 35, 3, sample_log(3), kNowMs)).ok());
  CHECK(problems(check(store.executor())) == Texts{});
  const Bytes before = hour_of_log(store.executor(), kAllLogs).summary.encode(kHourRollupBytesMax);
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups({}, kNowMs, &rebuilt)).ok());
  CHECK(hour_of_log(store.executor(), 3).counts.total() == 65);
  CHECK(hour_of_log(store.executor(), kAllLogs).summary.encode(kHourRollupBytesMax) == before);
  CHECK(problems(check(store.executor())) == Texts{});
}

TEMPLATE_TEST_CASE("a quick check looks at the newest events of each log only", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  store.damage(segment_id(1, 30));
  store.damage(segment_id(2, 90));
  store.damage_rollup(rollup_id(RollupLevel::kHour, 1, kHour));
  const CheckResult result = check(store.executor(), {.newest_events = 20});
  CHECK(result.segments == 4);
  CHECK(problems(result) == Texts{"log 2, events 90 to 99: the bytes fail their checks"});
}

TEMPLATE_TEST_CASE("findings beyond the bound are counted and not kept", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  opened(store.executor());
  for (uint64_t n = 0; n <= kFindingsMax; ++n) {
    append_ok(store.executor(), 1, {sample_segment({.first = n, .count = 1})});
    store.damage(segment_id(1, n));
  }
  const CheckResult result = check(store.executor());
  CHECK(result.findings.size() == kFindingsMax);
  CHECK(result.findings_count == kFindingsMax + 1);
}

TEMPLATE_TEST_CASE("mending through any failure loses nothing more and counts once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        prepare(store);
        store.damage(segment_id(1, 30));
        remove_segment(store.executor(), 1, 50);
        put(store.executor(), 2, sample_segment({.log = sample_log(2), .first = 25, .count = 5}));
      },
      [](Executor& executor) {
        CheckResult result;
        return run(executor, check_logs({.mending = Mending::kAll, .now_ms = kNowMs}, &result));
      },
      [](TestType& store) {
        CHECK(problems(check(store.executor())) == Texts{});
        CHECK(store.ledger()["expired_corrupt"] == 20);
        CHECK(content_of(store.executor(), 1).size() == 82);
        CHECK(content_of(store.executor(), 2) == sample_lines(0, 100));
      });
}

TEMPLATE_TEST_CASE("rollups through any failure are computed anew to the byte", "", MemoryStore,
                   SqliteStore) {
  TestType reference;
  prepare(reference);
  const Rows expected = rollups(reference.executor());
  for_every_failure<TestType>(
      [](TestType& store) {
        prepare(store);
        store.damage_rollup(rollup_id(RollupLevel::kHour, 1, kHour));
        store.damage_rollup(rollup_id(RollupLevel::kDay, 0, kHour / 24 * 24));
      },
      [](Executor& executor) {
        RebuildResult result;
        return run(executor, rebuild_rollups({}, kNowMs, &result));
      },
      [&](TestType& store) { CHECK(rollups(store.executor()).rows == expected.rows); });
}

}  // namespace
}  // namespace weir

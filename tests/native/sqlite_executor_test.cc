#include "native/store/sqlite_executor.h"

#include <filesystem>

#include "catch.h"
#include "native/store/migrations.h"
#include "statements.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"
#include "weir/query.h"
#include "weir/schema.h"

namespace weir {
namespace {

// A migrated database in memory with one segment row of three bytes.
class Fixture {
 public:
  Fixture() {
    Result<SqliteDatabase> opened = SqliteDatabase::open(":memory:", {});
    REQUIRE(opened.ok());
    database_ = std::make_unique<SqliteDatabase>(std::move(opened).value());
    REQUIRE(migrate(*database_).ok());
    executor_ = std::make_unique<SqliteExecutor>(database_.get());
    REQUIRE(executor_->run_group(Group{{put(kSegment, Bytes{1, 2, 3})}, true}).status.ok());
  }
  static Statement put(int64_t id, Value data) {
    std::vector<Value> parameters = {id};
    for (int64_t i = 0; i < 7; ++i) parameters.emplace_back(int64_t{1});
    parameters.push_back(std::move(data));
    return Statement{StatementId::kSegmentPut, std::move(parameters)};
  }
  Reply list() {
    return executor_->run_group(
        Group{{Statement{StatementId::kSegmentList,
                         {segment_id(1, 0), segment_id(1, 0), last_segment_id(1), int64_t{100}}}},
              false});
  }

  const int64_t kSegment = segment_id(1, 0);
  std::unique_ptr<SqliteDatabase> database_;
  Bytes piece(int64_t segment, uint32_t offset, uint32_t length) {
    const Reply reply = executor_->run_read(Read{{{segment, offset, length}}});
    REQUIRE(reply.status.ok());
    REQUIRE(reply.pieces.size() == 1);
    return reply.pieces[0];
  }

  std::unique_ptr<SqliteExecutor> executor_;
};

TEST_CASE_METHOD(Fixture, "a group answers the rows and changes of each statement") {
  const Reply reply = executor_->run_group(
      Group{{put(segment_id(1, 1), Bytes{}),
             Statement{StatementId::kSegmentData, {kSegment, last_segment_id(1), int64_t{9}}}},
            true});
  REQUIRE(reply.status.ok());
  CHECK(reply.results.at(0).changes == 1);
  CHECK(reply.results.at(1).rows.size() == 2);
  CHECK(blob_at(reply.results.at(1), 0, 4)->size() == 3);
}

TEST_CASE_METHOD(Fixture, "a failed assert is a conflict and undoes the group") {
  const Reply reply = executor_->run_group(
      Group{{put(segment_id(1, 1), Bytes{}),
             Statement{StatementId::kSegmentAssert, {kSegment, int64_t{99}, int64_t{1}, kSegment}}},
            true});
  CHECK(reply.status.code() == Code::kConflict);
  CHECK(reply.results.empty());
  CHECK_FALSE(database_->in_transaction());
  CHECK(list().results.at(0).rows.size() == 1);
}

TEST_CASE_METHOD(Fixture, "data that the table refuses is a constraint and undoes the group") {
  Statement bad = put(segment_id(1, 1), Bytes{});
  bad.parameters[1] = std::string("many");
  const Reply reply =
      executor_->run_group(Group{{put(segment_id(1, 2), Bytes{}), std::move(bad)}, true});
  CHECK(reply.status.code() == Code::kConstraint);
  CHECK(list().results.at(0).rows.size() == 1);
}

TEST_CASE_METHOD(Fixture, "a group beyond the bound of statements is refused whole") {
  Group group{{}, true};
  while (group.statements.size() <= kStatementsPerRequestMax) {
    group.statements.push_back(put(segment_id(1, group.statements.size() + 1), Bytes{}));
  }
  CHECK(executor_->run_group(group).status.code() == Code::kTooLarge);
  CHECK(list().results.at(0).rows.size() == 1);
  group.statements.pop_back();
  CHECK(executor_->run_group(group).status.ok());
}

TEST_CASE_METHOD(Fixture, "a read answers the range as far as the bytes go") {
  CHECK(piece(kSegment, 0, 2) == Bytes{1, 2});
  CHECK(piece(kSegment, 1, 99) == Bytes{2, 3});
  CHECK(piece(kSegment, 3, 1).empty());
  CHECK(piece(kSegment, 99, 1).empty());
}

TEST_CASE_METHOD(Fixture, "a read answers each of its ranges, also behind a missing row") {
  const Reply reply =
      executor_->run_read(Read{{{kSegment, 2, 1}, {kSegment + 5, 0, 1}, {kSegment, 0, 1}}});
  REQUIRE(reply.status.ok());
  CHECK(reply.pieces == std::vector<Bytes>{{3}, {}, {1}});
}

TEST_CASE_METHOD(Fixture, "a read of a missing row, or of bytes kept elsewhere, is empty") {
  CHECK(piece(kSegment + 5, 0, 1).empty());
  REQUIRE(executor_->run_group(Group{{put(kSegment, Null{})}, true}).status.ok());
  CHECK(piece(kSegment, 0, 1).empty());
}

TEST_CASE_METHOD(Fixture, "objects are unsupported natively") {
  CHECK(executor_->run_object(Object{}).status.code() == Code::kUnsupported);
}

// Does something after each step.
class InterruptedExecutor final : public Executor {
 public:
  InterruptedExecutor(Executor& inner, std::function<void()> between)
      : inner_(inner), between_(std::move(between)) {}
  Reply run_group(const Group& group) override { return interrupted(inner_.run_group(group)); }
  Reply run_read(const Read& read) override { return interrupted(inner_.run_read(read)); }

  int steps() const { return steps_; }

 private:
  Reply interrupted(Reply reply) {
    ++steps_;
    between_();
    return reply;
  }
  Executor& inner_;
  std::function<void()> between_;
  int steps_ = 0;
};

// A log in a file, with a connection for its reader and one for its writer, which waits for nobody.
struct FileFixture {
  TemporaryFolder folder;
  SqliteDatabase writing = open();
  SqliteExecutor writer{&writing};
  SqliteDatabase reading = open();
  SqliteExecutor reader{&reading};
  uint64_t segments = 0;

  FileFixture() {
    opened(writer);
    for (int i = 0; i < 5; ++i) commit();
    RollupProgress progress;
    REQUIRE(run(writer, advance_rollups(kSampleHourMs + kDayMs, {}, &progress)).ok());
    for (int i = 0; i < 5; ++i) commit();
  }
  SqliteDatabase open() const {
    auto opened = SqliteDatabase::open(folder.path("weir.db"), {.busy_timeout_ms = 0});
    REQUIRE(opened.ok());
    REQUIRE(migrate(*opened).ok());
    return std::move(opened).value();
  }
  // Ten events of an hour of their own.
  void commit() {
    const uint64_t n = segments++;
    const int64_t hour_ms = kSampleHourMs + static_cast<int64_t>(n) * kHourMs;
    append_ok(writer, 1, {sample_segment({.first = 10 * n, .start_ms = hour_ms})});
  }
  void empty_wal() {
    REQUIRE(sqlite3_wal_checkpoint_v2(writing.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                      nullptr, nullptr) == SQLITE_OK);
    REQUIRE(std::filesystem::file_size(folder.path("weir.db-wal")) == 0);
  }
};

TEST_CASE("between two steps of a question the writer commits, and the WAL can be emptied") {
  FileFixture f;
  Filter all;
  all.since_ms = kSampleHourMs;
  all.until_ms = kSampleHourMs + 30 * kDayMs;
  QueriesResult queries;
  StatisticsResult statistics;
  std::vector<OperationPtr> questions;
  questions.push_back(find_queries(all, kQueryLimitMax, "", {}, &queries));
  questions.push_back(find_statistics(all, {}, &statistics));
  for (const OperationPtr& question : questions) {
    InterruptedExecutor interrupted(f.reader, [&] {
      f.commit();
      f.empty_wal();
    });
    const Status status = run_operation(*question, interrupted);
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(interrupted.steps() > 2);
  }
  CHECK(queries.events.size() >= 100);
  CHECK(statistics.counts.total() >= 100);
}

// D1 knows unhex(), SQLite does from 3.41 on only; to prepare, any function of the name will do.
void no_unhex(sqlite3_context*, int, sqlite3_value**) {}

TEST_CASE_METHOD(Fixture, "every statement fits the schema in both dialects, within D1's bounds") {
  sqlite3_create_function_v2(database_->handle(), "unhex", 1, SQLITE_UTF8, nullptr, no_unhex,
                             nullptr, nullptr, nullptr);
  for (size_t i = 0; i < statement_count(); ++i) {
    const auto id = static_cast<StatementId>(i);
    for (Dialect dialect : {Dialect::kSqlite, Dialect::kD1}) {
      const std::string sql = statement_sql(id, dialect);
      INFO(sql);
      sqlite3_stmt* statement = nullptr;
      REQUIRE(sqlite3_prepare_v2(database_->handle(), sql.c_str(), -1, &statement, nullptr) ==
              SQLITE_OK);
      CHECK(sqlite3_column_count(statement) == std::ssize(statement_blob_columns(id)));
      CHECK(sqlite3_bind_parameter_count(statement) <= static_cast<int>(kParametersMax));
      sqlite3_finalize(statement);
    }
  }
}

// What EXPLAIN QUERY PLAN says, one line per step.
std::string plan_of(SqliteDatabase& database, StatementId id) {
  Result<SqliteStatement> statement =
      database.prepare("EXPLAIN QUERY PLAN " + statement_sql(id, Dialect::kSqlite));
  REQUIRE(statement.ok());
  std::string plan;
  while (*statement->step()) plan += statement->column_text(3) + "\n";
  return plan;
}

TEST_CASE_METHOD(Fixture, "segments, rollups and the ledger are reached by their primary key") {
  for (size_t i = 0; i < statement_count(); ++i) {
    const auto id = static_cast<StatementId>(i);
    const std::string plan = plan_of(*database_, id);
    INFO(statement_name(id) << "\n" << plan);
    for (const char* table : {"segments", "rollups", "ledger", "s", "newest"}) {
      CHECK(plan.find("SCAN " + std::string(table) + "\n") == plan.npos);
    }
    CHECK(plan.find("TEMP B-TREE") == plan.npos);  // nothing is sorted
    if (plan.find("SEARCH segments") != plan.npos) {
      CHECK(plan.find("SEARCH segments USING INTEGER PRIMARY KEY") != plan.npos);
    }
  }
}

}  // namespace
}  // namespace weir

// The implementations that the contract suite judges. Scenarios know an Executor only; what they
// check beyond operations (sums of the ledger, damage to rows) each store offers in its own way.
//
// D1 is judged by the Worker's tests, which run the same operations in WebAssembly.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/log_samples.h"
#include "support/memory_executor.h"

namespace weir {

// Sums over the whole ledger by column name.
using LedgerSums = std::map<std::string, int64_t>;

class MemoryStore {
 public:
  Executor& executor() { return executor_; }

  LedgerSums ledger() {
    static constexpr const char* kGrowth[] = {
        "offered",      "stored",        "collapsed",        "dropped_buffer_full",
        "dropped_data", "dropped_crash", "dropped_shutdown", "dropped_disabled"};
    LedgerSums sums;
    for (const auto& [id, row] : executor_.database().ledger) {
      for (size_t i = 0; i < row.growth.size(); ++i) sums[kGrowth[i]] += row.growth[i];
      sums["expired_retention"] += row.expired_retention;
      sums["expired_budget"] += row.expired_budget;
      sums["expired_corrupt"] += row.expired_corrupt;
      sums["unclean"] += row.unclean;
    }
    return sums;
  }

  // Flips a byte in the middle of a segment's data.
  void damage(int64_t id) {
    Bytes& data = std::get<Bytes>(executor_.database().segments.at(id).data);
    data[data.size() / 2] ^= 0xff;
  }
  // Flips a byte in the middle of a rollup's data.
  void damage_rollup(int64_t id) {
    Bytes& data = executor_.database().rollups.at(id).data;
    data[data.size() / 2] ^= 0xff;
  }

 private:
  MemoryExecutor executor_;
};

class SqliteStore {
 public:
  SqliteStore() {
    Result<SqliteDatabase> opened = SqliteDatabase::open(":memory:", {});
    REQUIRE(opened.ok());
    database_ = std::make_unique<SqliteDatabase>(std::move(opened).value());
    REQUIRE(migrate(*database_).ok());
    executor_ = std::make_unique<SqliteExecutor>(database_.get());
  }

  Executor& executor() { return *executor_; }

  LedgerSums ledger() {
    Result<SqliteStatement> columns =
        database_->prepare("SELECT name FROM pragma_table_info('ledger') WHERE name <> 'id'");
    REQUIRE(columns.ok());
    LedgerSums sums;
    while (*columns->step()) {
      const std::string name = columns->column_text(0);
      Result<SqliteStatement> sum = database_->prepare("SELECT sum(" + name + ") FROM ledger");
      REQUIRE(sum.ok());
      REQUIRE(*sum->step());
      sums[name] = std::atoll(sum->column_text(0).c_str());
    }
    return sums;
  }

  void damage(int64_t id) { damage("segments", id); }
  void damage_rollup(int64_t id) { damage("rollups", id); }

 private:
  void damage(const char* table, int64_t id) {
    sqlite3_blob* blob = nullptr;
    REQUIRE(sqlite3_blob_open(database_->handle(), "main", table, "data", id, 1, &blob) ==
            SQLITE_OK);
    const int middle = sqlite3_blob_bytes(blob) / 2;
    uint8_t byte = 0;
    REQUIRE(sqlite3_blob_read(blob, &byte, 1, middle) == SQLITE_OK);
    byte ^= 0xff;
    REQUIRE(sqlite3_blob_write(blob, &byte, 1, middle) == SQLITE_OK);
    sqlite3_blob_close(blob);
  }

  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<SqliteExecutor> executor_;
};

}  // namespace weir

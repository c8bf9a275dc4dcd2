// MemoryExecutor: an independent second implementation of the statements over std::map.
//
// Each StatementId has a handler that does by hand what its SQL means; nothing here reads the SQL.
// The contract suite runs every scenario on both, so a slip in either shows. A group works on a
// copy of the database, which takes its place only if all statements succeed.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "statements.h"
#include "weir/executor.h"

namespace weir {

struct MemoryLog {
  Bytes log_id;
  std::string site;
  int64_t created_ms = 0, acked = 0, rolled_through = 0, rolled_ms = 0, ledger_sequence = 0;
};
struct MemorySegment {
  int64_t count = 0, kind = 0, open = 0, first_ms = 0, last_ms = 0, head_len = 0, crc = 0;
  Value data;  // Bytes or Null
};
struct MemoryRollup {
  std::array<int64_t, kOutcomeCount> outcomes{};
  int64_t skewed = 0, of_log = 0;
  Bytes data;
};
struct MemoryLedger {
  // offered, stored, collapsed, five dropped: as they stand in the table.
  std::array<int64_t, 8> growth{};
  int64_t expired_retention = 0, expired_budget = 0, expired_corrupt = 0, unclean = 0;
};
struct MemoryToken {
  std::string name, scopes;
  int64_t created_ms = 0;
};

struct MemoryDatabase {
  std::map<int64_t, MemoryLog> logs = {{0, MemoryLog{}}};
  std::map<int64_t, MemorySegment> segments;
  std::map<int64_t, MemoryRollup> rollups;
  std::map<int64_t, MemoryLedger> ledger;
  std::map<Bytes, MemoryToken> tokens;
};

// The sketch of a rollup, wherever it is stored; NULL if it is nowhere.
Value memory_sketch(const MemoryDatabase& database, int64_t id, const MemoryRollup& rollup);

// The parameters of one statement, numbered from 1. A wrong type is a bug: WEIR_CHECK.
class Parameters {
 public:
  explicit Parameters(const std::vector<Value>& values) : values_(values) {}
  size_t size() const { return values_.size(); }
  const Value& value(size_t number) const {
    WEIR_CHECK(number >= 1 && number <= values_.size());
    return values_[number - 1];
  }
  int64_t integer(size_t number) const { return get<int64_t>(number); }
  const std::string& text(size_t number) const { return get<std::string>(number); }
  const Bytes& blob(size_t number) const { return get<Bytes>(number); }

 private:
  template <class T>
  const T& get(size_t number) const {
    const T* found = std::get_if<T>(&value(number));
    WEIR_CHECK(found != nullptr);
    return *found;
  }
  const std::vector<Value>& values_;
};

using MemoryHandler = Result<Rows> (*)(MemoryDatabase& database, const Parameters& parameters);
using MemoryHandlers = std::map<StatementId, MemoryHandler>;

const MemoryHandlers& memory_log_handlers();    // the statements of log_store.h
const MemoryHandlers& memory_query_handlers();  // the statements of query.h

class MemoryExecutor final : public Executor {
 public:
  explicit MemoryExecutor(std::vector<const MemoryHandlers*> handlers = {&memory_log_handlers(),
                                                                         &memory_query_handlers()})
      : handlers_(std::move(handlers)) {}

  Reply run_group(const Group& group) override;
  Reply run_read(const Read& read) override;

  MemoryDatabase& database() { return database_; }

 private:
  MemoryHandler handler_of(StatementId id) const;

  std::vector<const MemoryHandlers*> handlers_;
  MemoryDatabase database_;
};

}  // namespace weir

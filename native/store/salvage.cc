// The walk over the tables. Damage shows as kCorrupt of a step; every other failure ends the work.
#include "native/store/salvage.h"

#include <algorithm>
#include <array>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "weir/limits.h"

namespace weir {
namespace {

// Stretches that are looked into per table; each costs two descents of its tree.
constexpr int kStretchesMax = 10'000;

// What is copied in one transaction: its pages stand in the WAL as well.
constexpr uint64_t kRowsPerTransaction = 64;

struct Table {
  const char* name;
  const char* key;
  // All columns, but nothing that lies outside of the row's own page; or null.
  const char* without_bytes;
};
constexpr std::array kTables = {
    Table{"logs", "log_no", nullptr},
    Table{"segments", "id", "id, count, kind, open, first_ms, last_ms, head_len, crc, x'' AS data"},
    Table{"rollups", "id", nullptr},
    Table{"ledger", "id", nullptr},
};

bool is_damage(const Status& status) { return status.code() == Code::kCorrupt; }

// Keys that nothing is known of, low and high inclusive. Pages are about as wide as their
// neighbours, and the keys above the last page go on to the greatest number there is. So what
// counts is how wide a stretch is for its distance from the last key that was read below it.
struct Stretch {
  int64_t read;  // that key; -1 if there is none
  int64_t low;
  int64_t high;

  int64_t distance() const { return low - read; }
  double width() const {
    return (static_cast<double>(high - low) + 1) / static_cast<double>(distance());
  }
  // The widest one is looked into first.
  bool operator<(const Stretch& other) const { return width() < other.width(); }
  // Where its lower part ends, if it is looked into in two.
  int64_t middle() const { return low + std::min((high - low) / 2, distance() - 1); }
};

// The columns of a table, "a, b, c"; an older version has fewer than ours, and none that we lack.
Result<std::vector<std::string>> columns_of(SqliteDatabase& database, const std::string& table) {
  WEIR_ASSIGN(SqliteStatement names,
              database.prepare("SELECT name FROM pragma_table_info('" + table + "')"));
  std::vector<std::string> columns;
  while (true) {
    WEIR_ASSIGN(const bool more, names.step());
    if (!more) break;
    columns.push_back(names.column_text(0));
  }
  if (columns.empty()) return Status(Code::kCorrupt, "the schema lacks the table " + table);
  return columns;
}

std::string joined(const std::vector<std::string>& columns) {
  std::string text;
  for (const std::string& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text;
}

// Puts rows of one table into the new database.
class Sink {
 public:
  static Result<Sink> open(SqliteDatabase& fresh, const std::string& table,
                           const std::vector<std::string>& columns) {
    std::string marks = "?1";
    for (size_t i = 2; i <= columns.size(); ++i) marks += ", ?" + std::to_string(i);
    WEIR_ASSIGN(SqliteStatement put, fresh.prepare("INSERT OR REPLACE INTO " + table + "(" +
                                                   joined(columns) + ") VALUES (" + marks + ")"));
    return Sink(std::move(put), columns.size());
  }

  // Copies the row that `from` stands on; false if it cannot be one of this table.
  Result<bool> put(const SqliteStatement& from) {
    std::vector<Value> values;
    for (size_t i = 0; i < columns_; ++i) {
      Result<Value> value = from.column(static_cast<int>(i));
      if (!value.ok()) return false;
      values.push_back(*std::move(value));
    }
    for (size_t i = 0; i < columns_; ++i) {
      WEIR_TRY(put_.bind(static_cast<int>(i) + 1, values[i]));
    }
    const Status status = put_.step().status();
    put_.reset();
    if (status.code() == Code::kConstraint) return false;
    WEIR_TRY(status);
    return true;
  }

 private:
  Sink(SqliteStatement put, size_t columns) : put_(std::move(put)), columns_(columns) {}
  SqliteStatement put_;
  size_t columns_;
};

class TableWalk {
 public:
  static Result<TableWalk> open(SqliteDatabase& damaged, SqliteDatabase& fresh, const Table& table,
                                SalvageResult* result) {
    const std::string name = table.name;
    const std::string key = table.key;
    WEIR_ASSIGN(const auto columns, columns_of(damaged, name));
    WEIR_ASSIGN(Sink sink, Sink::open(fresh, name, columns));
    const std::string keys =
        "SELECT " + key + " FROM " + name + " WHERE " + key + " BETWEEN ?1 AND ?2 ORDER BY " + key;
    const std::string where = " FROM " + name + " WHERE " + key + " = ?1";
    const std::string all = joined(columns);
    WEIR_ASSIGN(SqliteStatement up, damaged.prepare(keys));
    WEIR_ASSIGN(SqliteStatement down, damaged.prepare(keys + " DESC"));
    WEIR_ASSIGN(SqliteStatement row, damaged.prepare("SELECT " + all + where));
    const std::string part = table.without_bytes != nullptr ? table.without_bytes : all;
    WEIR_ASSIGN(SqliteStatement rest, damaged.prepare("SELECT " + part + where));
    return TableWalk(fresh, std::move(sink), std::move(up), std::move(down), std::move(row),
                     std::move(rest), result);
  }

  Status run() {
    std::priority_queue<Stretch> stretches;
    stretches.push({-1, 0, static_cast<int64_t>(kIntegerMax)});
    for (int i = 0; !stretches.empty(); ++i) {
      Stretch stretch = stretches.top();
      stretches.pop();
      if (i == kStretchesMax) break;
      WEIR_TRY(walk(up_, +1, &stretch));
      if (stretch.low <= stretch.high) WEIR_TRY(walk(down_, -1, &stretch));
      if (stretch.low > stretch.high) continue;
      hidden_ = true;
      if (stretch.low == stretch.high) continue;
      const int64_t middle = stretch.middle();
      stretches.push({stretch.read, stretch.low, middle});
      stretches.push({stretch.read, middle + 1, stretch.high});
    }
    if (hidden_) ++result_.hidden;
    return {};
  }

 private:
  TableWalk(SqliteDatabase& fresh, Sink sink, SqliteStatement up, SqliteStatement down,
            SqliteStatement row, SqliteStatement rest, SalvageResult* result)
      : fresh_(fresh),
        sink_(std::move(sink)),
        up_(std::move(up)),
        down_(std::move(down)),
        row_(std::move(row)),
        rest_(std::move(rest)),
        result_(*result) {}

  // Copies rows from one end of the stretch on, and takes the keys that it has seen off the
  // stretch: all of them if no damage is met.
  Status walk(SqliteStatement& keys, int direction, Stretch* stretch) {
    const Value low = stretch->low;
    const Value high = stretch->high;
    WEIR_TRY(keys.bind(1, low));
    WEIR_TRY(keys.bind(2, high));
    Status status;
    while (true) {
      const Result<bool> more = keys.step();
      status = more.status();
      if (!status.ok()) break;
      if (!*more) {
        stretch->low = stretch->high + 1;
        break;
      }
      const Result<Value> key = keys.column(0);
      const auto* id = key.ok() ? std::get_if<int64_t>(&*key) : nullptr;
      // A page of another place in the tree may look sound, but its keys do not go on.
      if (id == nullptr || *id < stretch->low || *id > stretch->high) break;
      (direction > 0 ? stretch->low : stretch->high) = *id + direction;
      if (direction > 0) stretch->read = *id;
      status = copy(*id);
      if (!status.ok()) break;
    }
    keys.reset();
    return is_damage(status) ? Status() : status;
  }

  Status copy(int64_t id) {
    for (SqliteStatement* statement : {&row_, &rest_}) {
      const Value key = id;
      WEIR_TRY(statement->bind(1, key));
      const Result<bool> found = statement->step();
      Result<bool> put = false;
      if (found.ok() && *found) put = sink_.put(*statement);
      statement->reset();
      if (!found.ok() && !is_damage(found.status())) return found.status();
      WEIR_TRY(put.status());
      if (!*put) continue;
      ++result_.rows;
      if (result_.rows % kRowsPerTransaction != 0) return {};
      return fresh_.execute("COMMIT;BEGIN IMMEDIATE");
    }
    ++result_.lost_rows;
    return {};
  }

  SqliteDatabase& fresh_;
  Sink sink_;
  SqliteStatement up_;
  SqliteStatement down_;
  SqliteStatement row_;
  SqliteStatement rest_;
  SalvageResult& result_;
  bool hidden_ = false;
};

// Tokens have no number for a key; they are few. From both ends up to the damage.
Status copy_tokens(SqliteDatabase& damaged, SqliteDatabase& fresh, SalvageResult* result) {
  WEIR_ASSIGN(const auto columns, columns_of(damaged, "tokens"));
  WEIR_ASSIGN(Sink sink, Sink::open(fresh, "tokens", columns));
  for (const char* order : {"", " DESC"}) {
    WEIR_ASSIGN(SqliteStatement all, damaged.prepare("SELECT " + joined(columns) +
                                                     " FROM tokens ORDER BY token_sha256" + order));
    Result<bool> more = all.step();
    while (more.ok() && *more) {
      WEIR_TRY(sink.put(all).status());
      more = all.step();
    }
    if (more.ok()) return {};
    if (!is_damage(more.status())) return more.status();
  }
  ++result->hidden;
  return {};
}

}  // namespace

Status salvage_rows(SqliteDatabase& damaged, SqliteDatabase& fresh, SalvageResult* result) {
  *result = {};
  WEIR_TRY(fresh.execute("BEGIN IMMEDIATE"));
  for (const Table& table : kTables) {
    WEIR_ASSIGN(TableWalk walk, TableWalk::open(damaged, fresh, table, result));
    WEIR_TRY(walk.run());
  }
  WEIR_TRY(copy_tokens(damaged, fresh, result));
  return fresh.execute("COMMIT");
}

}  // namespace weir

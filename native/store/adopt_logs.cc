// Plain SQL over both databases. Rows of segments are compared by what identifies them, without
// their bytes; a row whose bytes have been replaced has another checksum.
#include "native/store/adopt_logs.h"

#include <spdlog/spdlog.h>

#include <string_view>

#include "weir/limits.h"

namespace weir {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

// As SQLite reads it (https://sqlite.org/uri.html): never made anew where it is missing.
std::string read_only_uri(const std::string& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (kLetters.find(c) != kLetters.npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return uri + "?mode=ro";
}

// Another database as `other` of a connection.
class Attached {
 public:
  static Result<Attached> open(SqliteDatabase& database, const std::string& path) {
    WEIR_ASSIGN(SqliteStatement attach, database.prepare("ATTACH ?1 AS other"));
    const Value uri = read_only_uri(path);
    WEIR_TRY(attach.bind(1, uri));
    WEIR_TRY(attach.step().status());
    return Attached(database);
  }
  Attached(Attached&& from) noexcept : database_(std::exchange(from.database_, nullptr)) {}
  Attached& operator=(Attached&&) = delete;
  // A disk that fails may leave a transaction open. Who goes on with the connection then is told
  // that there is an `other` already.
  ~Attached() {
    if (database_ == nullptr) return;
    const Status detached = database_->execute("DETACH other");
    if (!detached.ok()) spdlog::warn("a database stays attached: {}", detached.message());
  }

 private:
  explicit Attached(SqliteDatabase& database) : database_(&database) {}
  SqliteDatabase* database_;
};

// The first value of a query's first row.
Result<int64_t> number(SqliteDatabase& database, const char* sql) {
  WEIR_ASSIGN(SqliteStatement statement, database.prepare(sql));
  WEIR_ASSIGN(const bool found, statement.step());
  if (!found) return int64_t{0};
  WEIR_ASSIGN(const Value value, statement.column(0));
  const auto* integer = std::get_if<int64_t>(&value);
  return integer != nullptr ? *integer : 0;
}

// Logs that are known by now keep the number that they got the first time.
constexpr const char* kTakeLogs = R"(
CREATE TEMP TABLE adopted(log_no INTEGER PRIMARY KEY, into_no INTEGER NOT NULL);
INSERT INTO main.logs(log_no, log_id, site, created_ms)
  SELECT log_no, log_id, site, created_ms FROM other.logs AS o
  WHERE log_id NOT IN (SELECT log_id FROM main.logs)
    AND log_no > (SELECT max(log_no) FROM main.logs);
INSERT INTO main.logs(log_no, log_id, site, created_ms)
  SELECT (SELECT max(log_no) FROM main.logs) + row_number() OVER (ORDER BY log_no),
    log_id, site, created_ms FROM other.logs
  WHERE log_id NOT IN (SELECT log_id FROM main.logs);
INSERT INTO temp.adopted SELECT o.log_no, m.log_no FROM other.logs AS o
  JOIN main.logs AS m ON m.log_id = o.log_id WHERE o.log_no > 0;
UPDATE main.logs SET (acked, ledger_sequence) =
  (SELECT acked, ledger_sequence FROM other.logs AS o WHERE o.log_id = logs.log_id)
  WHERE log_no IN (SELECT into_no FROM temp.adopted);
INSERT OR IGNORE INTO main.tokens SELECT * FROM other.tokens;
)";

constexpr const char* kTakeRows = R"(
DELETE FROM main.segments WHERE id IN (SELECT s.id FROM temp.adopted AS a
  JOIN main.segments AS s ON s.id BETWEEN a.into_no << 40 AND (a.into_no << 40) + 1099511627775
  LEFT JOIN other.segments AS o ON o.id = s.id - (a.into_no << 40) + (a.log_no << 40)
  WHERE o.id IS NULL OR o.count <> s.count OR o.kind <> s.kind OR o.open <> s.open
    OR o.crc <> s.crc);
INSERT INTO main.segments(id, count, kind, open, first_ms, last_ms, head_len, crc, data)
  SELECT o.id - (a.log_no << 40) + (a.into_no << 40), o.count, o.kind, o.open, o.first_ms,
    o.last_ms, o.head_len, o.crc, o.data FROM temp.adopted AS a
  JOIN other.segments AS o ON o.id BETWEEN a.log_no << 40 AND (a.log_no << 40) + 1099511627775
  WHERE NOT EXISTS (SELECT 1 FROM main.segments AS s
    WHERE s.id = o.id - (a.log_no << 40) + (a.into_no << 40));
INSERT OR REPLACE INTO main.ledger
  SELECT o.id - (a.log_no << 24) + (a.into_no << 24), o.offered, o.stored, o.collapsed,
    o.dropped_buffer_full, o.dropped_data, o.dropped_crash, o.dropped_shutdown,
    o.dropped_disabled, o.expired_retention, o.expired_budget, o.expired_corrupt, o.unclean
  FROM temp.adopted AS a
  JOIN other.ledger AS o ON o.id BETWEEN a.log_no << 24 AND (a.log_no << 24) + 16777215;
DROP TABLE temp.adopted;
)";

// Logs of main that `other` has not, or that end earlier there: behind the event of the last row.
constexpr const char* kCountLacking = R"(
SELECT count(*) FROM main.logs AS m LEFT JOIN other.logs AS o ON o.log_id = m.log_id
  WHERE m.log_no > 0 AND coalesce(
    (SELECT s.id + s.count - (o.log_no << 40) FROM other.segments AS s
      WHERE s.id BETWEEN o.log_no << 40 AND (o.log_no << 40) + 1099511627775
      ORDER BY s.id DESC LIMIT 1), -1) <
    (SELECT s.id + s.count - (m.log_no << 40) FROM main.segments AS s
      WHERE s.id BETWEEN m.log_no << 40 AND (m.log_no << 40) + 1099511627775
      ORDER BY s.id DESC LIMIT 1)
)";

Status take_over(SqliteDatabase& into) {
  WEIR_ASSIGN(const int64_t expired,
              number(into, "SELECT sum(expired_retention + expired_budget) FROM other.ledger"));
  if (expired > 0) return Status(Code::kExhausted, "events of the newer logs have expired");
  WEIR_TRY(into.execute(kTakeLogs));
  WEIR_ASSIGN(const int64_t greatest, number(into, "SELECT max(log_no) FROM main.logs"));
  if (greatest > kLogNumberMax) return Status(Code::kFull, "there are too many logs");
  return into.execute(kTakeRows);
}

}  // namespace

Result<SharedLogs> shared_logs(SqliteDatabase& into, const std::string& from) {
  WEIR_ASSIGN(const Attached attached, Attached::open(into, from));
  WEIR_ASSIGN(const int64_t shared,
              number(into,
                     "SELECT count(*) FROM main.logs AS m JOIN other.logs AS o "
                     "ON o.log_id = m.log_id WHERE m.log_no > 0"));
  if (shared == 0) return SharedLogs::kNone;
  WEIR_ASSIGN(const int64_t lacking, number(into, kCountLacking));
  return lacking == 0 ? SharedLogs::kAll : SharedLogs::kPart;
}

Status adopt_logs(SqliteDatabase& into, const std::string& from) {
  WEIR_ASSIGN(const Attached attached, Attached::open(into, from));
  WEIR_TRY(into.execute("BEGIN IMMEDIATE"));
  Status status = take_over(into);
  if (status.ok()) status = into.execute("COMMIT");
  if (!status.ok() && into.in_transaction()) WEIR_TRY(into.execute("ROLLBACK"));
  return status;
}

}  // namespace weir

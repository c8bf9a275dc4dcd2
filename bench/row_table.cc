#include "row_table.h"

#include "weir/json.h"

namespace weir::bench {
namespace {

constexpr size_t kBatchRows = 1000;

const char* type_text(uint16_t qtype) {
  switch (qtype) {
    case 1:
      return "A";
    case 12:
      return "PTR";
    case 28:
      return "AAAA";
    default:
      return "HTTPS";
  }
}

}  // namespace

RowTable::RowTable(SqliteDatabase& database) : database_(database) {
  require(database.execute(
      "CREATE TABLE queries (id INTEGER PRIMARY KEY, timestamp TEXT NOT NULL, "
      "client_ip TEXT NOT NULL, domain TEXT NOT NULL, query_type TEXT NOT NULL, "
      "response_code INTEGER NOT NULL, blocked INTEGER NOT NULL, cached INTEGER NOT NULL, "
      "response_time_ms REAL NOT NULL, upstream TEXT);"
      "CREATE INDEX queries_timestamp ON queries(timestamp);"
      "CREATE INDEX queries_domain ON queries(domain);"
      "CREATE INDEX queries_blocked ON queries(blocked);"
      "CREATE INDEX queries_client ON queries(client_ip);"));
  const char* sql =
      "INSERT INTO queries(timestamp, client_ip, domain, query_type, response_code, blocked, "
      "cached, response_time_ms, upstream) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
  if (sqlite3_prepare_v2(database.handle(), sql, -1, &insert_, nullptr) != SQLITE_OK) {
    require(database.status());
  }
}

void RowTable::add(const Event& event) {
  if (open_rows_ == 0) require(database_.execute("BEGIN"));
  bind_text(1, rfc3339_text(event.time_ms));
  bind_text(2, client_text(event.client));
  bind_text(3, std::string(event.qname));
  bind_text(4, type_text(event.qtype));
  sqlite3_bind_int(insert_, 5, event.rcode);
  sqlite3_bind_int(insert_, 6, event.outcome == Outcome::kBlocked);
  sqlite3_bind_int(insert_, 7, event.outcome == Outcome::kCached);
  sqlite3_bind_double(insert_, 8, event.duration_us / 1000.0);
  bind_text(9, std::string(event.upstream));
  if (sqlite3_step(insert_) != SQLITE_DONE) require(database_.status());
  sqlite3_reset(insert_);
  if (++open_rows_ == kBatchRows) finish();
}

void RowTable::finish() {
  if (open_rows_ > 0) require(database_.execute("COMMIT"));
  open_rows_ = 0;
}

void RowTable::bind_text(int position, const std::string& text) {
  sqlite3_bind_text(insert_, position, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
}

}  // namespace weir::bench

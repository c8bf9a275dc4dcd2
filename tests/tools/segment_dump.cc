// segment_dump DATABASE: prints every event that the segments of a Weir database hold, one JSON
// object per line, in the order of (log, n). A plain decode for tests and for curious people: it
// uses no statement, rollup or query of the engine that it is compared with, just `SELECT data FROM
// segments`.
//
// Exit code 1 if the database cannot be read; a segment that fails its checks is an object with
// "corrupt".
#include <sqlite3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "weir/json.h"
#include "weir/segment.h"

namespace {

using weir::ByteView;

std::string event_line(const weir::SegmentHead& head, uint64_t n, const weir::Event& event) {
  std::string line;
  weir::JsonWriter json(&line);
  json.begin_object();
  json.key("log").string(weir::log_id_text(head.log)).key("n").unsigned_integer(n);
  json.key("time").string(weir::rfc3339_text(event.time_ms));
  json.key("client").string(weir::client_text(event.client));
  json.key("domain").string(event.qname).key("type").unsigned_integer(event.qtype);
  json.key("rcode").unsigned_integer(event.rcode);
  json.key("outcome").string(weir::outcome_name(event.outcome));
  json.key("transport").string(weir::transport_name(event.transport));
  json.key("duration_us").unsigned_integer(event.duration_us);
  json.key("size").unsigned_integer(event.response_size);
  json.key("list").string(event.list).key("upstream").string(event.upstream);
  json.end_object();
  return line;
}

std::string gap_line(const weir::SegmentHead& head) {
  std::string line;
  weir::JsonWriter json(&line);
  json.begin_object();
  json.key("log").string(weir::log_id_text(head.log)).key("first").unsigned_integer(head.first);
  json.key("end").unsigned_integer(head.end());
  json.key("gap").string(weir::gap_reason_name(head.gap_reason));
  json.end_object();
  return line;
}

void dump_segment(int64_t id, ByteView bytes) {
  auto reader = weir::SegmentReader::open(bytes);
  if (!reader.ok()) {
    std::string line;
    weir::JsonWriter(&line).begin_object().key("corrupt").integer(id).end_object();
    std::puts(line.c_str());
    return;
  }
  const weir::SegmentHead& head = reader->head();
  if (head.kind == weir::SegmentKind::kGap) std::puts(gap_line(head).c_str());
  for (size_t i = 0; i < reader->count(); ++i) {
    std::puts(event_line(head, head.first + i, reader->event(i)).c_str());
  }
}

int dump(sqlite3* database) {
  sqlite3_stmt* statement = nullptr;
  const char* sql = "SELECT id, data FROM segments WHERE count > 0 ORDER BY id";
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) return 1;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, 1));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, 1));
    dump_segment(sqlite3_column_int64(statement, 0), ByteView(data, size));
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: segment_dump DATABASE\n", stderr);
    return 2;
  }
  sqlite3* database = nullptr;
  int code = sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) code = dump(database);
  if (code != 0) std::fprintf(stderr, "segment_dump: %s: %s\n", argv[1], sqlite3_errmsg(database));
  sqlite3_close(database);
  return code == 0 ? 0 : 1;
}

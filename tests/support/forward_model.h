// Both ends of forwarding as small models: a sender's database and a receiver that keeps the rules
// of ingest exactly, over real segments. Every event has a serial number that is unique in the
// whole test, so that a loss or a double shows.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "weir/forward.h"

namespace weir::test {

struct ModelEvent {
  uint64_t serial = 0;  // 0: a gap
  int64_t time_ms = 0;
};

// One log of a sender's database.
struct ModelLog {
  LogId id;
  std::vector<ModelEvent> events;
  uint64_t acked = 0;

  uint64_t end() const { return events.size(); }
  // What cut_log does.
  CutResult cut(uint64_t from, int64_t wall_ms, const CutLimits& limits) const;
  // What a host does for Sender::Verify.
  bool same(const Sender::Verify& range) const;
};

// The receiving side: ingest and ingest_state.
class ModelReceiver {
 public:
  struct Row {
    uint64_t first = 0;
    uint64_t count = 0;
    uint32_t crc = 0;
    bool open = false;
    std::vector<uint64_t> serials;  // of events; gaps have none
    uint64_t end() const { return first + count; }
  };

  ReceiverAnswer put(const std::string& path, ByteView body);
  ReceiverAnswer get(const std::string& path) const;

  // Events that are refused with 422, wherever they stand.
  std::set<uint64_t> poison;
  size_t body_bytes_max = kIngestBytesMax;  // 413 beyond
  int64_t interval_s = 60;

  std::map<std::string, std::vector<Row>> logs;  // by the path of the log
  // How often each serial is stored, over all logs.
  std::map<uint64_t, int> stored() const;

 private:
  ReceiverAnswer conflict(const std::vector<Row>& rows, bool fork) const;
};

}  // namespace weir::test

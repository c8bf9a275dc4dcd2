#include "native/cli/compact_command.h"

#include "native/cli/text_table.h"
#include "native/runtime/clock.h"
#include "native/store/compact.h"
#include "weir/json.h"

namespace weir {
namespace {

std::string report_text(const CommandLine& line, const CompactReport& report) {
  std::string text = "merged " + std::to_string(report.segments_merged) + " segments into " +
                     std::to_string(report.segments_made) + "; ";
  if (line.rebuild_rollups) {
    text += "computed the rollups of " + std::to_string(report.rollups.hours) + " hours anew (" +
            std::to_string(report.rollups.incomplete) + " of them without all events); ";
  }
  return text + std::to_string(report.bytes_before) + " bytes before, " +
         std::to_string(report.bytes_after) + " after\n";
}

std::string report_json(const CompactReport& report) {
  std::string text;
  JsonWriter json(&text);
  json.begin_object();
  json.key("segments_merged").unsigned_integer(report.segments_merged);
  json.key("segments_made").unsigned_integer(report.segments_made);
  json.key("rebuilt_hours").unsigned_integer(report.rollups.hours);
  json.key("incomplete_hours").unsigned_integer(report.rollups.incomplete);
  json.key("bytes_before").unsigned_integer(report.bytes_before);
  json.key("bytes_after").unsigned_integer(report.bytes_after).end_object();
  return text + "\n";
}

}  // namespace

int run_compact_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                        const Print& error) {
  const Result<CompactReport> report =
      compact_database(data_dir, line.rebuild_rollups, wall_clock_ms());
  if (!report.ok()) {
    error("weir: " + printable(report.status().message()) + "\n");
    return kExitFailed;
  }
  out(line.json ? report_json(*report) : report_text(line, *report));
  return kExitOk;
}

}  // namespace weir

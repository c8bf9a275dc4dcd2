#include "native/cli/fsck_command.h"

#include "native/cli/open_database.h"
#include "native/cli/text_table.h"
#include "native/runtime/clock.h"
#include "native/store/fsck.h"
#include "weir/json.h"

namespace weir {
namespace {

std::string counted(uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// SQLite may quote what stands in a damaged page.
std::string findings_text(const FsckReport& report) {
  std::string text;
  for (const std::string& line : report.file) text += "file: " + printable(line) + "\n";
  for (const Finding& finding : report.logs.findings) text += finding_text(finding) + "\n";
  const uint64_t more = report.logs.findings_count - report.logs.findings.size();
  if (more > 0) text += "and " + std::to_string(more) + " more\n";
  return text;
}

std::string summary_text(const FsckReport& report) {
  const CheckResult& logs = report.logs;
  return counted(logs.segments, "segment") + " with " + counted(logs.events, "event") + " and " +
         counted(logs.rollups, "rollup") + ": " +
         (report.problems() == 0 ? "no problems" : counted(report.problems(), "problem")) +
         (logs.rollups_compared ? "" : " (rollups went on meanwhile and were not compared)") + "\n";
}

std::string salvage_text(const RepairReport& report) {
  const SalvageResult& salvage = report.salvage;
  std::string text = "salvaged " + counted(salvage.rows, "row") +
                     " into a new file; the damaged one is kept as " + report.kept + "\n";
  if (salvage.hidden + salvage.lost_rows > 0) {
    text += "damage hides rows of " + counted(salvage.hidden, "table") + ", and " +
            counted(salvage.lost_rows, "row") + " cannot be read\n";
  }
  if (salvage.named_logs > 0) {
    text += counted(salvage.named_logs, "log") + " lost the row with its site\n";
  }
  return text;
}

std::string repair_text(const RepairReport& report) {
  const CheckResult& logs = report.before.logs;
  std::string text = findings_text(report.before);
  if (!report.kept.empty()) text += salvage_text(report);
  if (report.before.problems() > 0) {
    text += "mended " + counted(logs.mended, "row") + ", counted " +
            counted(logs.corrupt_events, "event") + " as corrupt, computed the rollups of " +
            counted(report.rollups.hours, "hour") + " anew (" +
            std::to_string(report.rollups.incomplete) + " of them without all events)\n";
    text += findings_text(report.after);
  }
  return text + summary_text(report.after);
}

void write_report(const FsckReport& report, JsonWriter* json) {
  json->key("segments").unsigned_integer(report.logs.segments);
  json->key("events").unsigned_integer(report.logs.events);
  json->key("rollups").unsigned_integer(report.logs.rollups);
  json->key("rollups_compared").boolean(report.logs.rollups_compared);
  json->key("problems").unsigned_integer(report.problems());
  json->key("findings").begin_array();
  for (const std::string& line : report.file) {
    json->begin_object().key("part").string("file").key("text").string(line).end_object();
  }
  for (const Finding& finding : report.logs.findings) {
    json->begin_object().key("part").string(finding_part_name(finding.part));
    json->key("log_no").integer(finding.log_no).key("text").string(finding_text(finding));
    json->end_object();
  }
  json->end_array();
}

std::string check_json(const FsckReport& report) {
  std::string text;
  JsonWriter json(&text);
  json.begin_object();
  write_report(report, &json);
  json.end_object();
  return text + "\n";
}

std::string repair_json(const RepairReport& report) {
  std::string text;
  JsonWriter json(&text);
  json.begin_object().key("before").begin_object();
  write_report(report.before, &json);
  json.end_object().key("mended_rows").unsigned_integer(report.before.logs.mended);
  json.key("corrupt_events").unsigned_integer(report.before.logs.corrupt_events);
  json.key("kept");
  report.kept.empty() ? json.null() : json.string(report.kept);
  json.key("salvaged_rows").unsigned_integer(report.salvage.rows);
  json.key("lost_rows").unsigned_integer(report.salvage.lost_rows);
  json.key("rebuilt_hours").unsigned_integer(report.rollups.hours);
  json.key("after").begin_object();
  write_report(report.after, &json);
  json.end_object().end_object();
  return text + "\n";
}

Result<int> checked(const CommandLine& line, const std::string& data_dir, const Print& out) {
  WEIR_ASSIGN(SqliteDatabase database, open_database(data_dir));
  WEIR_ASSIGN(const FsckReport report, check_database(database));
  out(line.json ? check_json(report) : findings_text(report) + summary_text(report));
  return report.problems() == 0 ? kExitOk : kExitFailed;
}

Result<int> repaired(const CommandLine& line, const std::string& data_dir, const Print& out) {
  WEIR_ASSIGN(const RepairReport report, repair_database(data_dir, wall_clock_ms()));
  out(line.json ? repair_json(report) : repair_text(report));
  return report.after.problems() == 0 ? kExitOk : kExitFailed;
}

}  // namespace

int run_fsck_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error) {
  const Result<int> code =
      line.repair ? repaired(line, data_dir, out) : checked(line, data_dir, out);
  if (code.ok()) return *code;
  error("weir: " + printable(code.status().message()) + "\n");
  return kExitFailed;
}

}  // namespace weir

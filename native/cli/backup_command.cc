// What store/backup.h does, told to people and programs.
#include "native/cli/backup_command.h"

#include "native/store/backup.h"
#include "weir/json.h"

namespace weir {
namespace {

std::string backup_text(const CommandLine& line, uint64_t bytes) {
  if (!line.json) return "wrote " + line.file + ", " + std::to_string(bytes) + " bytes";
  std::string text;
  JsonWriter json(&text);
  json.begin_object().key("file").string(line.file).key("bytes").unsigned_integer(bytes);
  json.end_object();
  return text;
}

// `kept`: where the replaced database is; empty if there was none.
std::string restore_text(const CommandLine& line, const std::string& kept) {
  if (!line.json) {
    const std::string old = kept.empty() ? "" : "; the database it replaces is kept as " + kept;
    return "restored " + line.file + old + "; the next start begins a new log";
  }
  std::string text;
  JsonWriter json(&text);
  json.begin_object().key("file").string(line.file).key("kept");
  kept.empty() ? json.null() : json.string(kept);
  json.end_object();
  return text;
}

Result<std::string> done(const CommandLine& line, const std::string& data_dir) {
  if (line.command == Command::kBackup) {
    WEIR_ASSIGN(const uint64_t bytes, backup_database(data_dir, line.file));
    return backup_text(line, bytes);
  }
  WEIR_ASSIGN(const std::string kept, restore_database(line.file, data_dir));
  return restore_text(line, kept);
}

}  // namespace

int run_backup_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                       const Print& error) {
  const Result<std::string> text = done(line, data_dir);
  if (text.ok()) out(*text + "\n");
  if (!text.ok()) error("weir: " + text.status().message() + "\n");
  return text.ok() ? kExitOk : kExitFailed;
}

}  // namespace weir

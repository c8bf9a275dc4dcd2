// CommandLine: what the user typed, as values.
//
// Options of query, stats and top become the target of an API request; their values are judged by
// the API itself, so that the command line and HTTP cannot disagree about them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace weir {

enum class Command {
  kServe,
  kCheckConfig,
  kQuery,
  kStats,
  kTop,
  kBackup,
  kRestore,
  kFsck,
  kCompact,
  kSql,
  kExport,
  kTail,
  kVersion
};

struct CommandLine {
  Command command = Command::kServe;
  std::string config_file;  // empty: kDefaultConfigFile if it is there, else defaults
  std::string data_dir;     // empty: as configured
  bool json = false;
  std::string file;              // backup, restore
  bool repair = false;           // fsck
  bool rebuild_rollups = false;  // compact
  std::string sql;               // sql: the statement
  uint64_t limit = 0;            // sql: rows
  uint64_t lines = 0;            // tail: queries to begin with
  bool csv = false;              // sql, export
  std::string target;            // query, stats, top, export, tail: "/api/v1/…?…"
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

inline constexpr const char* kDefaultConfigFile = "weir.yaml";

// The command line, or the exit code after help or a complaint has been printed.
std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv);

// The configuration file to read: as given, the default one if it is there, or empty.
std::string config_file_to_read(const CommandLine& line);

// Percent-encodes everything but RFC 3986's unreserved characters.
std::string url_encoded(const std::string& text);

}  // namespace weir

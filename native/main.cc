// The binary `weir`: reads the command line and the configuration, and runs one command.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "native/cli/backup_command.h"
#include "native/cli/command_line.h"
#include "native/cli/compact_command.h"
#include "native/cli/export_command.h"
#include "native/cli/fsck_command.h"
#include "native/cli/read_command.h"
#include "native/cli/sql_command.h"
#include "native/cli/tail_command.h"
#include "native/control/config.h"
#include "native/runtime/heap.h"
#include "native/runtime/signals.h"
#include "native/serve.h"
#include "weir/json.h"

namespace weir {
namespace {

// A terminal or pipe that takes no more text makes the command fail in the end: see main().
void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void complain(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

// The configuration that is in effect for this command line.
ConfigResult effective_config(const CommandLine& line) {
  ConfigResult result = load_config(config_file_to_read(line));
  if (!line.data_dir.empty()) result.config.data_dir = line.data_dir;
  return result;
}

// Errors of the configuration are usage, and each is a line.
int complain_about(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) complain(error + "\n");
  return errors.empty() ? kExitOk : kExitUsage;
}

// With --json the errors go to stdout too, where a program looks for them.
int check_config(const CommandLine& line) {
  ConfigResult result = effective_config(line);
  if (result.errors.empty()) {
    const Status status = check_serving(result.config);
    if (!status.ok()) result.errors.push_back("weir: " + status.message());
  }
  if (!line.json) {
    if (result.errors.empty()) print(config_yaml(result.config));
    return complain_about(result.errors);
  }
  std::string out;
  JsonWriter json(&out);
  json.begin_object().key("errors").begin_array();
  for (const std::string& error : result.errors) json.string(error);
  json.end_array().end_object();
  print((result.errors.empty() ? config_json(result.config) : out) + "\n");
  return result.errors.empty() ? kExitOk : kExitUsage;
}

int version(const CommandLine& line) {
  std::string out = "weir " WEIR_VERSION;
  if (line.json) {
    out.clear();
    JsonWriter(&out).begin_object().key("version").string(WEIR_VERSION).end_object();
  }
  print(out + "\n");
  return kExitOk;
}

using DataCommand = int (*)(const CommandLine& line, const std::string& data_dir, const Print& out,
                            const Print& error);

// A command that needs of the configuration only where the data is.
int on_data(const CommandLine& line, DataCommand command) {
  std::string data_dir = line.data_dir;
  if (data_dir.empty()) {
    Result<std::string> configured = configured_data_dir(config_file_to_read(line));
    if (!configured.ok()) return complain_about({configured.status().message()});
    data_dir = *configured;
  }
  return command(line, data_dir, print, complain);
}

// SIGHUP. Whatever is wrong with the file, the server goes on as it is.
void reload(const CommandLine& line, Serving& serving) {
  ConfigResult next = effective_config(line);
  for (const std::string& error : next.errors) spdlog::error("{}", error);
  if (!next.errors.empty()) return spdlog::error("reload refused; nothing has changed");
  Result<std::vector<std::string>> waiting = serving.reload(next.config);
  if (!waiting.ok())
    return spdlog::error("reload refused, nothing has changed: {}", waiting.status().message());
  for (const std::string& key : *waiting) spdlog::warn("{} changes at the next start", key);
  spdlog::info("reloaded");
}

int serve(const CommandLine& line) {
  Signals signals;  // before the first thread, so that all of them leave signals to this one
  spdlog::set_default_logger(spdlog::stderr_logger_mt("weir"));
  ConfigResult loaded = effective_config(line);
  if (!loaded.errors.empty()) return complain_about(loaded.errors);
  Serving serving(loaded.config);
  if (Status status = serving.start(); !status.ok()) {
    complain("weir: " + status.message() + "\n");
    return kExitFailed;
  }
  print("weir is ready: " + serving.addresses() + "\n");
  std::fflush(stdout);
  while (signals.wait() == Signals::kReload) reload(line, serving);
  signals.restore();  // a second signal ends the process at once
  spdlog::info("stopping");
  serving.stop();
  return kExitOk;
}

int run(const CommandLine& line) {
  switch (line.command) {
    case Command::kServe:
      return serve(line);
    case Command::kCheckConfig:
      return check_config(line);
    case Command::kVersion:
      return version(line);
    case Command::kQuery:
    case Command::kStats:
    case Command::kTop:
      return on_data(line, run_read_command);
    case Command::kBackup:
    case Command::kRestore:
      return on_data(line, run_backup_command);
    case Command::kFsck:
      return on_data(line, run_fsck_command);
    case Command::kCompact:
      return on_data(line, run_compact_command);
    case Command::kExport:
      return on_data(line, run_export_command);
    case Command::kTail:
      return on_data(line, run_tail_command);
    case Command::kSql:
      return on_data(line, run_sql_command);
  }
  return kExitUsage;
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  weir::keep_freed_memory();
  umask(S_IRWXG | S_IRWXO);  // who asked for what is nobody else's business on this machine
  auto parsed = weir::parse_command_line(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const int code = weir::run(std::get<weir::CommandLine>(parsed));
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fputs("weir: the output could not be written\n", stderr);
  return weir::kExitFailed;
}

// The grammar of the command line. CLI11's exceptions end here.
//
// The options of query, stats and top are the parameters of their API routes by name. Their values
// stay text: the API knows what a type or an outcome is, and complains in one place for all
// callers.
#include "native/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "weir/limits.h"

namespace weir {
namespace {

constexpr uint64_t kTailLinesDefault = 10;
constexpr uint64_t kSqlRowsDefault = 10'000;
constexpr uint64_t kSqlRowsMax = 10'000'000;  // they are held in memory

// A parameter of the API as an option. All values are taken as text.
struct ApiOption {
  const char* name;
  const char* help;
  bool repeatable;
};

constexpr ApiOption kWindowOptions[] = {
    {"since", "from this time on: RFC 3339, or how long ago (24h)", false},
    {"until", "before this time; now if not given", false},
    {"site", "only of this site", true},
};
constexpr ApiOption kFilterOptions[] = {
    {"domain", "this name exactly; *.x for x and below", true},
    {"contains", "names with this text in them", true},
    {"client", "this address, or prefix like 192.168.1.0/24", true},
    {"type", "this query type (AAAA, TYPE65)", true},
    {"rcode", "this response code (NXDOMAIN)", true},
    {"outcome", "forwarded cached stale local blocked refused failed", true},
    {"list", "decided by this block list", true},
    {"upstream", "answered by this upstream", true},
};
constexpr ApiOption kPageOptions[] = {
    {"limit", "at most so many", false},
    {"cursor", "go on where an earlier answer ended", false},
};
constexpr ApiOption kTopOptions[] = {
    {"by", "domain client upstream list type", false},
    {"limit", "at most so many", false},
};

// One option that was given, in the order of the declarations above.
using Parameters = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add_options(CLI::App* command, std::span<const ApiOption> options, Parameters* parameters) {
  for (const ApiOption& option : options) {
    command
        ->add_option_function<std::vector<std::string>>(
            std::string("--") + option.name,
            [parameters, name = option.name](const std::vector<std::string>& values) {
              parameters->emplace_back(name, values);
            },
            option.help)
        ->expected(1)
        ->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::Throw)
        ->type_name(option.repeatable ? "TEXT ..." : "TEXT");
  }
}

// A repeated option becomes a repeated parameter: alternatives.
std::string target_of(std::string path, const Parameters& parameters) {
  char separator = '?';
  for (const auto& [name, values] : parameters) {
    for (const std::string& value : values) {
      path += separator + name + "=" + url_encoded(value);
      separator = '&';
    }
  }
  return path;
}

void declare_sql(CLI::App* command, CommandLine* line) {
  command->add_option("STATEMENT", line->sql, "see docs/sql.md")->required();
  command->add_option("--limit", line->limit, "at most so many rows")
      ->default_val(kSqlRowsDefault)
      ->check(CLI::Range(uint64_t{1}, kSqlRowsMax));
  command->add_flag("--csv", line->csv, "print CSV");
}

// Declares the commands; running the parser fills `line` and `parameters`.
void declare(CLI::App& app, CommandLine* line, Parameters* parameters) {
  app.require_subcommand(1);
  app.fallthrough();  // the common options may stand behind the command
  app.add_option("-c,--config", line->config_file, "configuration file (default ./weir.yaml)");
  app.add_option("--data", line->data_dir, "data directory, instead of the configured one");
  app.add_flag("--json", line->json, "print JSON");
  auto command = [&](const char* name, const char* help, Command value, const char* path) {
    CLI::App* added = app.add_subcommand(name, help);
    added->callback([line, value, path] {
      line->command = value;
      line->target = path;
    });
    return added;
  };
  command("serve", "answer DNS, keep the log, serve the API", Command::kServe, "");
  command("check-config", "check the configuration and print what is in effect",
          Command::kCheckConfig, "");
  command("version", "print the version", Command::kVersion, "");
  CLI::App* query = command("query", "the newest queries, or those that match", Command::kQuery,
                            "/api/v1/queries");
  add_options(query, kWindowOptions, parameters);
  add_options(query, kFilterOptions, parameters);
  add_options(query, kPageOptions, parameters);
  CLI::App* exported = command("export", "every query that matches, a line of JSON each",
                               Command::kExport, "/api/v1/queries");
  add_options(exported, kWindowOptions, parameters);
  add_options(exported, kFilterOptions, parameters);
  exported->add_flag("--csv", line->csv, "print CSV");
  CLI::App* tail = command("tail", "the newest queries, then new ones as they are stored",
                           Command::kTail, "/api/v1/queries");
  add_options(tail, kFilterOptions, parameters);
  tail->add_option("--lines", line->lines, "how many to begin with")
      ->default_val(kTailLinesDefault)
      ->check(CLI::Range(size_t{1}, kQueryLimitMax));
  CLI::App* stats = command("stats", "totals, outcomes, latency and the ledger", Command::kStats,
                            "/api/v1/stats");
  add_options(stats, kWindowOptions, parameters);
  add_options(stats, kFilterOptions, parameters);
  CLI::App* top = command("top", "the most frequent names, clients, upstreams, lists or types",
                          Command::kTop, "/api/v1/stats/top");
  add_options(top, kWindowOptions, parameters);
  add_options(top, kFilterOptions, parameters);
  add_options(top, kTopOptions, parameters);
  command("backup", "copy the database to a file, also while weir serves", Command::kBackup, "")
      ->add_option("FILE", line->file, "must not exist yet")
      ->required();
  command("restore", "put a backup in the place of the database", Command::kRestore, "")
      ->add_option("FILE", line->file, "of weir backup; the replaced database is kept")
      ->required();
  command("fsck", "check all that the database holds", Command::kFsck, "")
      ->add_flag("--repair", line->repair, "mend what can be mended, while no server runs");
  command("compact", "merge segments and give space back, while no server runs", Command::kCompact,
          "")
      ->add_flag("--rebuild-rollups", line->rebuild_rollups,
                 "compute the statistics anew from the events that are there");
  declare_sql(
      command("sql", "one SELECT on queries, statistics and domain_stats", Command::kSql, ""),
      line);
}

}  // namespace

std::string url_encoded(const std::string& text) {
  constexpr std::string_view kUnreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string config_file_to_read(const CommandLine& line) {
  if (!line.config_file.empty()) return line.config_file;
  std::error_code ignored;  // what cannot be looked at is not there
  return std::filesystem::exists(kDefaultConfigFile, ignored) ? kDefaultConfigFile : "";
}

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"Weir: a filtering DNS forwarder that accounts for every query", "weir"};
  CommandLine line;
  Parameters parameters;
  declare(app, &line, &parameters);
  const auto complain = [&app](const CLI::ParseError& failure) {
    return app.exit(failure) == kExitOk ? kExitOk : kExitUsage;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& failure) {
    // Something that is no command is told rather than that one is missing.
    const std::vector<std::string> unknown = app.remaining(true);
    return unknown.empty() ? complain(failure) : complain(CLI::ExtrasError(unknown));
  } catch (const CLI::ParseError& failure) {
    return complain(failure);
  }
  line.target = target_of(std::move(line.target), parameters);
  return line;
}

}  // namespace weir

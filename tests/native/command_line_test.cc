#include "native/cli/command_line.h"

#include <iostream>
#include <sstream>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

std::variant<CommandLine, int> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "weir");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

CommandLine parsed(std::vector<const char*> words) {
  auto result = parse(std::move(words));
  REQUIRE(std::holds_alternative<CommandLine>(result));
  return std::get<CommandLine>(result);
}

// What is written to stderr of it.
std::string complaint(std::vector<const char*> words) {
  std::ostringstream text;
  std::streambuf* const stderr_buffer = std::cerr.rdbuf(text.rdbuf());
  parse(std::move(words));
  std::cerr.rdbuf(stderr_buffer);
  return text.str();
}

int exit_code(std::vector<const char*> words) {
  auto result = parse(std::move(words));
  return std::holds_alternative<int>(result) ? std::get<int>(result) : -1;
}

TEST_CASE("every command has its name") {
  CHECK(parsed({"serve"}).command == Command::kServe);
  CHECK(parsed({"check-config"}).command == Command::kCheckConfig);
  CHECK(parsed({"query"}).command == Command::kQuery);
  CHECK(parsed({"stats"}).command == Command::kStats);
  CHECK(parsed({"top"}).command == Command::kTop);
  CHECK(parsed({"version"}).command == Command::kVersion);
}

TEST_CASE("the common options stand before or behind the command") {
  for (const CommandLine& line :
       {parsed({"-c", "a.yaml", "--data", "d", "--json", "query"}),
        parsed({"query", "--config", "a.yaml", "--data", "d", "--json"})}) {
    CHECK(line.config_file == "a.yaml");
    CHECK(line.data_dir == "d");
    CHECK(line.json);
  }
}

TEST_CASE("options become the target of an API request") {
  CHECK(parsed({"query"}).target == "/api/v1/queries");
  CHECK(parsed({"stats", "--since", "2h"}).target == "/api/v1/stats?since=2h");
  CHECK(parsed({"top", "--by", "client", "--limit", "5"}).target ==
        "/api/v1/stats/top?by=client&limit=5");
}

TEST_CASE("a repeated filter is given as often") {
  CHECK(parsed({"query", "--type", "A", "--type", "AAAA", "--limit", "5"}).target ==
        "/api/v1/queries?type=A&type=AAAA&limit=5");
}

TEST_CASE("values are encoded so that they stay one value") {
  CHECK(
      parsed({"query", "--contains", "a&b=c d", "--domain", "*.x", "--client", "::1/64"}).target ==
      "/api/v1/queries?domain=%2A.x&contains=a%26b%3Dc%20d&client=%3A%3A1%2F64");
  CHECK(url_encoded("az-AZ_09.~") == "az-AZ_09.~");
  CHECK(url_encoded("\xFF%") == "%FF%25");
}

TEST_CASE("compact rebuilds rollups only if it is told to") {
  CHECK(parsed({"compact"}).command == Command::kCompact);
  CHECK_FALSE(parsed({"compact"}).rebuild_rollups);
  CHECK(parsed({"compact", "--rebuild-rollups"}).rebuild_rollups);
}

TEST_CASE("what is no command, option or argument is named, not missed") {
  for (const auto& words :
       {std::vector{"nonsense"}, {"nonsense", "query"}, {"backup", "--nonsense"}}) {
    CHECK(complaint(words).find("nonsense") != std::string::npos);
  }
  CHECK(complaint({"backup"}).find("FILE is required") != std::string::npos);
  CHECK(complaint({}).find("subcommand is required") != std::string::npos);
}

TEST_CASE("help is asked for, everything else that does not parse is usage") {
  CHECK(exit_code({"--help"}) == kExitOk);
  CHECK(exit_code({"query", "--help"}) == kExitOk);
  CHECK(exit_code({}) == kExitUsage);
  CHECK(exit_code({"dance"}) == kExitUsage);
  CHECK(exit_code({"query", "--nonsense"}) == kExitUsage);
  CHECK(exit_code({"query", "--limit"}) == kExitUsage);
  CHECK(exit_code({"query", "--limit", "1", "--limit", "2"}) == kExitUsage);
  CHECK(exit_code({"query", "surplus"}) == kExitUsage);
  CHECK(exit_code({"serve", "--limit", "1"}) == kExitUsage);
}

}  // namespace
}  // namespace weir

// The front end as the tools of others see it: dig (BIND) and kdig (Knot), where they are
// installed.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "catch.h"
#include "support/dns_fixture.h"

namespace weir {
namespace {

bool installed(const std::string& tool) {
  return std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) == 0;
}

// What `command` prints.
std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece;
  for (size_t count; (count = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    text.append(piece.data(), count);
  }
  ::pclose(pipe);
  return text;
}

struct ToolFixture : DnsFixture {
  // The answers that `tool` prints, or nothing where it is not installed.
  std::optional<std::string> run(const std::string& tool, const std::string& arguments) {
    if (!installed(tool)) {
      WARN(tool << " is not installed: skipped");
      return std::nullopt;
    }
    const std::string port = address.substr(address.rfind(':') + 1);
    return output_of(tool + " @127.0.0.1 -p " + port + " +time=20 " + arguments);
  }
};

TEST_CASE_METHOD(ToolFixture, "dig and kdig get answers over UDP and TCP") {
  ScriptedUpstream upstream(address_script());
  options.local_records = {{"nas.home", "TXT", "\"hello\"", 60}};
  start({upstream.text()});
  for (const char* tool : {"dig", "kdig"}) {
    for (const char* transport : {"+notcp", "+tcp"}) {
      CAPTURE(tool, transport);
      const auto forwarded = run(tool, std::string("+short www.example A ") + transport);
      if (!forwarded) continue;
      CHECK(*forwarded == "192.0.2.1\n");
      CHECK(*run(tool, std::string("+short nas.home TXT ") + transport) == "\"hello\"\n");
    }
  }
}

TEST_CASE_METHOD(ToolFixture, "dig finds nothing to complain about in a header") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  const auto text = run("dig", "+noall +comments +edns=0 www.example AAAA");
  if (!text) return;
  CHECK(text->find("status: NOERROR") != std::string::npos);
  CHECK(text->find("flags: qr rd ra;") != std::string::npos);
  CHECK(text->find("udp: 1232") != std::string::npos);
  CHECK(text->find("WARNING") == std::string::npos);
}

}  // namespace
}  // namespace weir

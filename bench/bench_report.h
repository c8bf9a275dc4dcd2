// BenchReport: how every bench prints what it measured.
//
// One row per case, for people, below a line that names machine and commit; or, with --json, one
// object per line with the fields `bench, case, value, unit, rival, rival_value, ratio, machine,
// commit` (ratio = value / rival_value). The environment may name the machine and the commit:
// WEIR_MACHINE, WEIR_COMMIT.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "weir/json.h"

namespace weir::bench {

class BenchReport {
 public:
  // Reads --json and --smoke; anything else ends the program with the usage.
  BenchReport(std::string_view bench, int argc, char** argv) : bench_(bench) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      if (argument == "--json") {
        json_ = true;
      } else if (argument == "--smoke") {
        smoke_ = true;
      } else {
        std::fprintf(stderr, "usage: %s [--smoke] [--json]\n", argv[0]);
        std::exit(2);
      }
    }
    if (!json_) {
      std::printf("%s on %s, commit %s\n", bench_.c_str(), machine().c_str(), commit().c_str());
    }
  }

  // A size that only shows that the bench runs.
  bool smoke() const { return smoke_; }

  // `rival` says what the other value is of; empty if there is none.
  void row(std::string_view name, double value, std::string_view unit, std::string_view rival = {},
           double rival_value = 0) const {
    if (json_) {
      print_json(name, value, unit, rival, rival_value);
    } else {
      print_text(name, value, unit, rival, rival_value);
    }
    std::fflush(stdout);
  }

 private:
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
  }

  static std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
  }

  static std::string machine() {
    std::string named = environment("WEIR_MACHINE");
    if (!named.empty()) return named;
    std::ifstream info("/proc/cpuinfo");
    std::string model = "unknown processor";
    for (std::string line; std::getline(info, line);) {
      if (line.starts_with("model name")) {
        model = line.substr(line.find(':') + 2);
        break;
      }
    }
    return model + " × " + std::to_string(std::thread::hardware_concurrency());
  }

  static std::string commit() {
    const std::string named = environment("WEIR_COMMIT");
    return named.empty() ? "unknown" : named;
  }

  void print_text(std::string_view name, double value, std::string_view unit,
                  std::string_view rival, double rival_value) const {
    std::printf("%s %s: %s %s", bench_.c_str(), std::string(name).c_str(), number(value).c_str(),
                std::string(unit).c_str());
    if (!rival.empty()) {
      std::printf("; %s: %s, ratio %.3g", std::string(rival).c_str(), number(rival_value).c_str(),
                  value / rival_value);
    }
    std::printf("\n");
  }

  void print_json(std::string_view name, double value, std::string_view unit,
                  std::string_view rival, double rival_value) const {
    std::string line;
    const auto text = [&line](const char* key, std::string_view content) {
      JsonWriter(&line).string(key);
      line += ':';
      JsonWriter(&line).string(content);
      line += ',';
    };
    const auto plain = [&line](const char* key, const std::string& content) {
      line += '"' + std::string(key) + "\":" + content + ',';
    };
    text("bench", bench_);
    text("case", name);
    plain("value", number(value));
    text("unit", unit);
    if (rival.empty()) {
      for (const char* key : {"rival", "rival_value", "ratio"}) plain(key, "null");
    } else {
      text("rival", rival);
      plain("rival_value", number(rival_value));
      plain("ratio", number(value / rival_value));
    }
    text("machine", machine());
    text("commit", commit());
    line.back() = '}';
    std::printf("{%s\n", line.c_str());
  }

  std::string bench_;
  bool json_ = false;
  bool smoke_ = false;
};

}  // namespace weir::bench

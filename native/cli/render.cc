// Tables made from the API's JSON, so that people and programs see the same numbers. Everything
// that came in a DNS message passes TextTable or printable() on its way to the terminal.
#include "native/cli/render.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "native/cli/text_table.h"

namespace weir {
namespace {

using nlohmann::ordered_json;
using Align = TextTable::Align;

// "2026-11-20T18:37:00.123Z" without what a person does not need.
std::string time_text(const ordered_json& time, size_t bytes) {
  std::string text = time.get<std::string>().substr(0, bytes);
  if (size_t t = text.find('T'); t != std::string::npos) text[t] = ' ';
  return text;
}

constexpr size_t kToMilliseconds = 23;
constexpr size_t kToSeconds = 19;

std::string text_or_dash(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : "-";
}

// 1234567 as "1 234 567": long numbers are compared by eye here.
std::string grouped(const ordered_json& number) {
  std::string digits = number.dump();
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ' ';
    out += digits[i];
  }
  return out;
}

std::string milliseconds(const ordered_json& microseconds) {
  if (!microseconds.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", microseconds.get<double>() / 1000);
  return text;
}

// "-" where there is no whole to be part of.
std::string percent(const ordered_json& part, const ordered_json& whole) {
  if (whole.get<double>() == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * part.get<double>() / whole.get<double>());
  return text;
}

// What was covered, which may be more than was asked: sketches end at the hour.
std::string window(const ordered_json& answer) {
  return time_text(answer["since"], kToSeconds) + " to " + time_text(answer["until"], kToSeconds) +
         " UTC\n";
}

// What could not be read, where there is something: silence would look like a clean answer.
std::string unreadable(const ordered_json& answer) {
  uint64_t parts = 0;
  if (auto found = answer.find("unreadable"); found != answer.end()) {
    for (const auto& [name, count] : found->items()) parts += count.get<uint64_t>();
  }
  if (parts == 0) return "";
  return "Left out, because they could not be read: " + std::to_string(parts) +
         " corrupt segments or rollups\n";
}

}  // namespace

std::string render_queries(std::string_view json) {
  const ordered_json answer = ordered_json::parse(json);
  TextTable table({{"TIME (UTC)"},
                   {"CLIENT"},
                   {"TYPE"},
                   {"DOMAIN"},
                   {"OUTCOME"},
                   {"RCODE"},
                   {"MS", Align::kRight},
                   {"BY"},
                   {"SITE"}});
  for (const ordered_json& query : answer["queries"]) {
    const ordered_json& by = query["list"].is_null() ? query["upstream"] : query["list"];
    table.add({time_text(query["time"], kToMilliseconds), text_or_dash(query["client"]),
               query["type"].get<std::string>(), query["domain"].get<std::string>(),
               query["outcome"].get<std::string>(), query["rcode"].get<std::string>(),
               milliseconds(query["duration_us"]), text_or_dash(by), text_or_dash(query["site"])});
  }
  std::string out = table.text() + unreadable(answer);
  if (answer["queries"].empty() && !answer["partial"].get<bool>())
    out +=
        "No query matches. New ones show when they are written: query_log.flush_interval later.\n";
  if (answer["partial"].get<bool>()) out += "The search is not at its end yet. ";
  if (answer["cursor"].is_string())
    out += "More: --cursor " + printable(answer["cursor"].get<std::string>()) + "\n";
  return out;
}

std::string render_query_line(std::string_view json) {
  const ordered_json query = ordered_json::parse(json);
  const ordered_json& by = query["list"].is_null() ? query["upstream"] : query["list"];
  std::string line = time_text(query["time"], kToMilliseconds);
  for (const std::string& cell :
       {text_or_dash(query["client"]), query["type"].get<std::string>(),
        query["domain"].get<std::string>(), query["outcome"].get<std::string>(),
        query["rcode"].get<std::string>(), milliseconds(query["duration_us"]) + " ms",
        text_or_dash(by)}) {
    line += "  " + printable(cell);
  }
  return line + "\n";
}

std::string render_stats(std::string_view json) {
  const ordered_json answer = ordered_json::parse(json);
  TextTable table({{""}, {"QUERIES", Align::kRight}, {"SHARE", Align::kRight}});
  table.add({"total", grouped(answer["total"]), ""});
  for (const auto& [outcome, count] : answer["outcomes"].items())
    table.add({outcome, grouped(count), percent(count, answer["total"])});
  const ordered_json& latency = answer["latency_us"];
  return window(answer) + table.text() + "names " + grouped(answer["unique_domains"]) +
         ", clients " + grouped(answer["unique_clients"]) + ", latency in ms: mean " +
         milliseconds(latency["mean"]) + ", p50 " + milliseconds(latency["p50"]) + ", p95 " +
         milliseconds(latency["p95"]) + ", p99 " + milliseconds(latency["p99"]) + "\n" +
         unreadable(answer);
}

// Zero reasons are left out: what is there was dropped.
std::string render_ledger(std::string_view json) {
  const ordered_json answer = ordered_json::parse(json);
  TextTable table({{"LEDGER"}, {"EVENTS", Align::kRight}});
  for (const char* name : {"offered", "stored", "spooled", "in_flight", "collapsed"})
    table.add({name, grouped(answer[name])});
  for (const char* kind : {"dropped", "expired"}) {
    for (const auto& [reason, count] : answer[kind].items()) {
      if (count != 0) table.add({std::string(kind) + " (" + reason + ")", grouped(count)});
    }
  }
  if (answer["acked"].is_number()) table.add({"acked", grouped(answer["acked"])});
  std::string out = table.text();
  if (answer["unclean"].get<bool>()) {
    out += "Not clean: after a loss of power or of a database, more may have been offered.\n";
  }
  if (answer["unreadable_logs"] != 0) {
    out += "The account of " + grouped(answer["unreadable_logs"]) +
           " logs is missing: the newest segment of each is damaged.\n";
  }
  return out;
}

std::string render_disk_writes(uint64_t today_bytes, uint64_t bytes_per_day) {
  TextTable table({{"WRITTEN TO DISK"}, {"BYTES", Align::kRight}});
  table.add({"today", grouped(today_bytes)});
  table.add({"a day", grouped(bytes_per_day)});
  return table.text();
}

std::string render_top(std::string_view json) {
  const ordered_json answer = ordered_json::parse(json);
  TextTable table({{"COUNT", Align::kRight}, {"AT MOST TOO HIGH BY", Align::kRight}, {"KEY"}});
  for (const ordered_json& item : answer["items"])
    table.add({grouped(item["count"]), grouped(item["error"]), item["key"].get<std::string>()});
  return window(answer) + table.text() + unreadable(answer);
}

std::string render_problem(std::string_view json) {
  const ordered_json answer = ordered_json::parse(json);
  std::string option =
      answer.contains("param") ? "--" + answer["param"].get<std::string>() + ": " : "";
  return printable(option + answer["detail"].get<std::string>());
}

}  // namespace weir

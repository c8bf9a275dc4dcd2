#include "native/cli/render.h"

#include "catch.h"
#include "native/cli/text_table.h"

namespace weir {
namespace {

TEST_CASE("columns are aligned and lines have no spaces at their end") {
  TextTable table({{"NAME"}, {"N", TextTable::Align::kRight}, {"X"}});
  table.add({"a", "1000", ""});
  table.add({"longer", "2", "y"});
  CHECK(table.text() ==
        "NAME       N  X\n"
        "a       1000\n"
        "longer     2  y\n");
}

TEST_CASE("widths count characters, not bytes") {
  TextTable table({{"K"}, {"V"}});
  table.add({"ü", "1"});
  table.add({"u", "2"});
  CHECK(table.text() == "K  V\nü  1\nu  2\n");
}

TEST_CASE("nothing in a cell can steer the terminal") {
  CHECK(printable("a\x1B[31mb\n\x7F") == "a?[31mb??");
}

TEST_CASE("queries are a table with UTC times, who answered, and how to go on") {
  std::string text = render_queries(
      R"({"queries":[{"id":"x-1","time":"2026-11-20T18:37:00.123Z","client":"192.0.2.1",)"
      R"("domain":"ads.example","type":"A","rcode":"NOERROR","outcome":"blocked",)"
      R"("duration_us":1234,"upstream":null,"list":"ads","site":null},)"
      R"({"id":"x-0","time":"2026-11-20T18:36:00.000Z","client":null,)"
      R"("domain":"example.com","type":"HTTPS","rcode":"NOERROR","outcome":"forwarded",)"
      R"("duration_us":56,"upstream":"udp://192.0.2.53:53","list":null,"site":"home"}],)"
      R"("cursor":"abc","partial":true,"unreadable":{"segments":1,"rollups":0}})");
  CHECK(text ==
        "TIME (UTC)               CLIENT     TYPE   DOMAIN       OUTCOME    RCODE     MS  BY      "
        "             SITE\n"
        "2026-11-20 18:37:00.123  192.0.2.1  A      ads.example  blocked    NOERROR  1.2  ads     "
        "             -\n"
        "2026-11-20 18:36:00.000  -          HTTPS  example.com  forwarded  NOERROR  0.1  "
        "udp://192.0.2.53:53  home\n"
        "Left out, because they could not be read: 1 corrupt segments or rollups\n"
        "The search is not at its end yet. More: --cursor abc\n");
}

TEST_CASE("the last page says nothing about going on") {
  CHECK(render_queries(R"({"queries":[],"cursor":null,"partial":false})") ==
        "TIME (UTC)  CLIENT  TYPE  DOMAIN  OUTCOME  RCODE  MS  BY  SITE\n"
        "No query matches. New ones show when they are written: query_log.flush_interval later.\n");
}

TEST_CASE("stats show every outcome with its share") {
  std::string text = render_stats(
      R"({"since":"2026-11-20T00:00:00.000Z","until":"2026-11-21T00:00:00.000Z","total":4000,)"
      R"("outcomes":{"forwarded":1000,"cached":3000},"unique_domains":12,"unique_clients":3,)"
      R"("latency_us":{"mean":1500,"p50":1000,"p95":2000,"p99":null}})");
  CHECK(text ==
        "2026-11-20 00:00:00 to 2026-11-21 00:00:00 UTC\n"
        "           QUERIES   SHARE\n"
        "total        4 000\n"
        "forwarded    1 000  25.0 %\n"
        "cached       3 000  75.0 %\n"
        "names 12, clients 3, latency in ms: mean 1.5, p50 1.0, p95 2.0, p99 -\n");
}

TEST_CASE("stats of nothing divide nothing") {
  CHECK(render_stats(R"({"since":"s","until":"u","total":0,"outcomes":{"cached":0},)"
                     R"("unique_domains":0,"unique_clients":0,)"
                     R"("latency_us":{"mean":null,"p50":null,"p95":null,"p99":null}})")
            .find("cached        0      -\n") != std::string::npos);
}

TEST_CASE("the ledger leaves out reasons that never happened") {
  CHECK(render_ledger(R"({"offered":1234567,"stored":1234560,"spooled":0,"in_flight":0,)"
                      R"("collapsed":0,"dropped":{"buffer_full":7,"crash":0},)"
                      R"("expired":{"retention":0},"acked":5,"unclean":false,)"
                      R"("unreadable_logs":0})") ==
        "LEDGER                    EVENTS\n"
        "offered                1 234 567\n"
        "stored                 1 234 560\n"
        "spooled                        0\n"
        "in_flight                      0\n"
        "collapsed                      0\n"
        "dropped (buffer_full)          7\n"
        "acked                          5\n");
}

TEST_CASE("a ledger that may be wrong says so") {
  const std::string text = render_ledger(
      R"({"offered":1,"stored":1,"spooled":0,"in_flight":0,"collapsed":0,"dropped":{},)"
      R"("expired":{},"acked":null,"unclean":true,"unreadable_logs":2})");
  CHECK(text.find("\nNot clean: ") != std::string::npos);
  CHECK(text.find("\nThe account of 2 logs is missing: ") != std::string::npos);
}

TEST_CASE("top entries say by how much a count may be too high") {
  CHECK(render_top(R"({"since":"2026-11-20T00:00:00.000Z","until":"2026-11-21T00:00:00.000Z",)"
                   R"("items":[{"key":"example.com","count":12,"error":2}]})") ==
        "2026-11-20 00:00:00 to 2026-11-21 00:00:00 UTC\n"
        "COUNT  AT MOST TOO HIGH BY  KEY\n"
        "   12                    2  example.com\n");
}

TEST_CASE("a problem names the option at fault") {
  CHECK(render_problem(R"({"detail":"not a type","param":"type"})") == "--type: not a type");
  CHECK(render_problem(R"({"detail":"too\nmuch"})") == "too?much");
}

TEST_CASE("bytes written to the disk are told for today and a day") {
  CHECK(render_disk_writes(1234567, 98765432) ==
        "WRITTEN TO DISK       BYTES\n"
        "today             1 234 567\n"
        "a day            98 765 432\n");
}

}  // namespace
}  // namespace weir

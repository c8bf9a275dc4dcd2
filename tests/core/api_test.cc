#include "weir/api.h"

#include "support/api_fixture.h"
#include "support/failing_executor.h"

namespace weir {
namespace {

// "status code param" of a problem.
std::string problem_text(const ApiFixture::Answer& answer) {
  CHECK(answer.content_type == "application/problem+json");
  auto member = [&](std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const size_t at = answer.body.find(key);
    if (at == std::string::npos) return std::string();
    const size_t begin = at + key.size();
    return " " + answer.body.substr(begin, answer.body.find('"', begin) - begin);
  };
  CHECK(member("type") == " /problems/" + member("code").substr(1));
  return std::to_string(answer.status) + member("code") + member("param");
}

TEST_CASE("the API's paths are those below /api/v1/") {
  CHECK(is_api_path("/api/v1/stats?since=1h"));
  CHECK(is_api_path("/api/v1/nothing"));
  CHECK_FALSE(is_api_path("/api/v2/stats"));
  CHECK_FALSE(is_api_path("/healthz"));
}

TEST_CASE_METHOD(ApiFixture, "answers are JSON with status 200") {
  const Answer answer = ask("/api/v1/stats");
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/json");
  CHECK(answer.holds(R"("total":660)"));
}

TEST_CASE_METHOD(ApiFixture, "an unknown route is not found") {
  CHECK(problem_text(ask("/api/v1/statistics")) == "404 not_found");
  CHECK(problem_text(ask("/api/v1/stats/")) == "404 not_found");
  CHECK(problem_text(ask("/api/v1/live")) == "404 not_found");
}

TEST_CASE_METHOD(ApiFixture, "routes answer GET only") {
  method_ = "POST";
  CHECK(problem_text(ask("/api/v1/stats")) == "405 method_not_allowed");
}

TEST_CASE_METHOD(ApiFixture, "a target is as long as the bound and no longer") {
  std::string target = "/api/v1/stats?";
  target.resize(kApiTargetBytesMax, '&');
  CHECK(ask(target).status == 200);
  CHECK(problem_text(ask(target + "&")) == "414 target_too_long");
}

TEST_CASE_METHOD(ApiFixture, "parameters that are unknown or unreadable are named") {
  CHECK(problem_text(ask("/api/v1/stats?limit=5")) == "400 unknown_parameter limit");
  CHECK(problem_text(ask("/api/v1/ledger?since=5h")) == "400 unknown_parameter since");
  CHECK(problem_text(ask("/api/v1/stats?since=soon")) == "400 bad_value since");
  CHECK(problem_text(ask("/api/v1/queries?cursor=00ff")) == "400 bad_value cursor");
  CHECK(problem_text(ask("/api/v1/stats/timeseries?since=30d&step=1m")) == "400 too_large step");
}

TEST_CASE_METHOD(ApiFixture, "nothing is answered without a token or with an unknown one") {
  request_.trusted = false;
  CHECK(problem_text(ask("/api/v1/stats")) == "401 unauthorized");
  request_.token_sha256 = Bytes(32, 1);
  CHECK(problem_text(ask("/api/v1/stats")) == "401 unauthorized");
}

TEST_CASE_METHOD(ApiFixture, "a token that only sends may not read") {
  use_token("ingest:home");
  CHECK(problem_text(ask("/api/v1/stats")) == "403 forbidden");
}

TEST_CASE_METHOD(ApiFixture, "a token for one site sees that site") {
  use_token("ingest:home read:office");
  CHECK(ask("/api/v1/stats").holds(R"("total":60,)"));
  CHECK(ask("/api/v1/stats?site=office").holds(R"("total":60,)"));
  CHECK(problem_text(ask("/api/v1/stats?site=home")) == "403 forbidden site");
  CHECK(problem_text(ask("/api/v1/queries?site=office&site=home")) == "403 forbidden site");
  CHECK_FALSE(ask("/api/v1/queries?limit=1000").holds(R"("site":"home")"));
  CHECK(ask("/api/v1/ledger").holds(R"("offered":60,)"));
}

TEST_CASE_METHOD(ApiFixture, "read:* and admin see every site") {
  use_token("read:*");
  CHECK(ask("/api/v1/stats").holds(R"("total":660,)"));
  use_token("admin");
  CHECK(ask("/api/v1/stats?site=home").holds(R"("total":600,)"));
}

TEST_CASE_METHOD(ApiFixture, "the OpenAPI document needs no token") {
  request_.trusted = false;
  CHECK(ask("/api/v1/openapi.json").status == 200);
}

TEST_CASE_METHOD(ApiFixture, "pages are walked by their cursor") {
  const Answer first = ask("/api/v1/queries?site=office&limit=40");
  const size_t at = first.body.find(R"("cursor":")");
  REQUIRE(at != std::string::npos);
  const size_t begin = at + 10;
  const std::string cursor = first.body.substr(begin, first.body.find('"', begin) - begin);
  const Answer second = ask("/api/v1/queries?site=office&limit=40&cursor=" + cursor);
  CHECK(second.holds(R"("cursor":null,"partial":false)"));
  CHECK(second.holds(R"(-0","time")"));  // the log's first event
  CHECK(problem_text(ask("/api/v1/queries?site=home&cursor=" + cursor)) == "400 bad_value cursor");
}

TEST_CASE_METHOD(ApiFixture, "blocked names come from rollups without a budget for scans") {
  request_.budget.events = 300;  // the tail of both logs, not all events
  CHECK(ask("/api/v1/stats/top?outcome=blocked").status == 200);
  CHECK(problem_text(ask("/api/v1/stats/top?outcome=blocked&by=client")) == "422 exhausted");
}

TEST_CASE_METHOD(ApiFixture, "the live ledger answers for its own site") {
  Ledger live;
  live.offered = 999;
  request_.ledger = live;
  request_.own_site = "home";
  CHECK(ask("/api/v1/ledger").holds(R"("offered":999)"));
  CHECK(ask("/api/v1/ledger?site=home").holds(R"("offered":999)"));
  CHECK(ask("/api/v1/ledger?site=office").holds(R"("offered":60)"));
  CHECK(ask("/api/v1/overview?site=home").holds(R"("offered":999)"));
}

TEST_CASE_METHOD(ApiFixture, "a failing database is a problem, at whichever step") {
  use_token("read:*");
  FailingExecutor failing(&executor_);
  executor_used_ = &failing;
  for (const char* target : {"/api/v1/overview", "/api/v1/queries", "/api/v1/stats/top"}) {
    uint64_t step = 1;
    while (true) {
      failing.arm({.step = step++});
      const Answer answer = ask(target);
      if (failing.failures() == 0) break;
      CHECK(problem_text(answer) == "503 unavailable");
      CHECK(answer.retry_after_s > 0);
    }
    CHECK(step > 2);
  }
  failing.arm({.step = 1, .code = Code::kCorrupt});
  CHECK(problem_text(ask("/api/v1/stats")) == "500 corrupt");
}

TEST_CASE_METHOD(ApiFixture, "a damaged rollup keeps its counts and is reported") {
  const int64_t id = rollup_id(RollupLevel::kHour, kAllLogs, hour_of(kStart));
  const OutcomeCounts counts = writer_.rollup(id).counts();
  writer_.put_rollup(id, counts, Bytes{1, 2, 3});
  const Answer answer = ask("/api/v1/stats");
  CHECK(answer.holds(R"("total":660,)"));
  CHECK(answer.holds(R"("unreadable":{"segments":0,"rollups":1})"));
}

TEST_CASE_METHOD(ApiFixture, "a damaged segment is reported, and the host hears of it") {
  CHECK_FALSE(ask("/api/v1/queries?site=office").met_damage);
  Bytes& segment = std::get<Bytes>(executor_.database().segments.begin()->second.data);
  segment[read_segment_head(segment)->head_bytes] ^= 1;  // in the table, which every question reads
  for (const char* target : {"/api/v1/stats?type=A", "/api/v1/queries?type=A&limit=1000",
                             "/api/v1/stats/top?type=A", "/api/v1/stats/timeseries?type=A"}) {
    const Answer answer = ask(target);
    CHECK(answer.holds(R"("unreadable":{"segments":1)"));
    CHECK(answer.met_damage);
  }
}

}  // namespace
}  // namespace weir

// Routes and their answers. What must not wait for the database is decided here, by quick().
#include "native/http/router.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

#include "native/runtime/clock.h"
#include "native/runtime/socket_address.h"
#include "weir/api.h"

namespace weir {
namespace {

constexpr std::string_view kRootPage =
    "Weir: a filtering DNS forwarder that accounts for every query.\n\n"
    "/api/v1/overview          what a dashboard shows first\n"
    "/api/v1/stats             totals, latency, outcomes\n"
    "/api/v1/stats/timeseries  the same over time\n"
    "/api/v1/stats/top         most frequent names, clients, upstreams, lists, types\n"
    "/api/v1/queries           the newest queries, and the search\n"
    "/api/v1/ledger            what became of every event\n"
    "/metrics /healthz /readyz\n";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kLedgerPath = "/api/v1/ledger";
constexpr std::string_view kOverviewPath = "/api/v1/overview";
constexpr uint16_t kHttpPort = 80;

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Host names are compared without case (RFC 9110 4.2.3), and are ASCII here.
bool is_same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

RouterAnswer answer_of(Emit emit) {
  RouterAnswer answer;
  if (emit.head) {
    answer.status = emit.head->status;
    answer.content_type = std::move(emit.head->content_type);
    answer.retry_after_s = emit.head->retry_after_s;
  }
  answer.body = std::move(emit.bytes);
  return answer;
}

// An operation that ended without an answer of its own: the database could not be used. Busy and
// full pass, the rest does not.
RouterAnswer failure_answer(const Status& status) {
  if (status.code() != Code::kUnavailable && status.code() != Code::kFull)
    return problem_answer(500, code_name(status.code()), status.message());
  RouterAnswer answer = problem_answer(503, code_name(status.code()), status.message());
  answer.retry_after_s = 1;
  return answer;
}

}  // namespace

RouterAnswer problem_answer(int status, std::string_view code, std::string_view detail) {
  return answer_of(problem(status, code, detail));
}

RouterAnswer busy_answer() {
  RouterAnswer answer = problem_answer(503, "busy", "too many requests are under way");
  answer.retry_after_s = 1;
  return answer;
}

bool is_host_allowed(std::string_view host, const std::vector<std::string>& names) {
  if (SocketAddress::parse(host, kHttpPort).ok()) return true;
  std::string_view name = host.substr(0, host.find(':'));
  return is_same_name(name, "localhost") ||
         std::any_of(names.begin(), names.end(),
                     [name](const std::string& allowed) { return is_same_name(name, allowed); });
}

Router::Router(HttpServices services, std::vector<std::string> hosts)
    : services_(std::move(services)), hosts_(std::move(hosts)) {}

// The order matters: who asks under a wrong name learns nothing, not even which methods there are.
std::optional<RouterAnswer> Router::quick(const RouterRequest& request) const {
  if (request.host.empty()) return problem_answer(400, "no_host", "a Host header is needed");
  if (!is_host_allowed(request.host, hosts_)) {
    return problem_answer(421, "unknown_host",
                          "this server is asked by address, as localhost, or by a name in "
                          "http.hosts of its configuration");
  }
  if (request.method != "GET" && request.method != "HEAD")
    return problem_answer(405, "method_not_allowed", "only GET and HEAD are served");
  if (request.target.size() > kApiTargetBytesMax)
    return problem_answer(414, "target_too_long", "path and query string are at most 8192 bytes");
  if (!request.target.starts_with('/'))
    return problem_answer(400, "bad_target", "the request target is a path");
  std::string_view path = path_of(request.target);
  if (path == "/") return RouterAnswer{.body = std::string(kRootPage)};
  if (path == "/healthz") return RouterAnswer{.body = "ok\n"};
  if (path == "/readyz") {
    Status ready = services_.ready();
    return ready.ok() ? RouterAnswer{.body = "ready\n"}
                      : problem_answer(503, "not_ready", ready.message());
  }
  if (path == "/metrics" || is_api_path(request.target)) return std::nullopt;
  return problem_answer(404, "not_found", "there is nothing at this path");
}

RouterAnswer Router::slow(const RouterRequest& request) const {
  return path_of(request.target) == "/metrics" ? metrics() : api_answer(request);
}

// Collecting adds up counters of all threads and asks SQLite for its size: not on the I/O thread.
RouterAnswer Router::metrics() const {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::Collectable* source : services_.metrics) {
    std::vector<prometheus::MetricFamily> more = source->Collect();
    std::move(more.begin(), more.end(), std::back_inserter(families));
  }
  RouterAnswer answer;
  answer.content_type = kMetricsType;
  answer.body = prometheus::TextSerializer().Serialize(families);
  return answer;
}

RouterAnswer Router::api_answer(const RouterRequest& request) const {
  ApiRequest call;
  call.method = "GET";  // HEAD is a GET whose body is not sent
  call.target = request.target;
  call.now_ms = wall_clock_ms();
  call.trusted = true;  // only loopback addresses are listened on
  call.own_site = services_.own_site;
  // Only these routes show the ledger, and reading it costs a query.
  const std::string_view path = path_of(request.target);
  if (path == kLedgerPath || path == kOverviewPath) {
    Result<Ledger> ledger = services_.ledger();
    if (!ledger.ok()) return failure_answer(ledger.status());
    call.ledger = *ledger;
  }
  std::unique_ptr<Operation> operation = api(std::move(call));
  Emit whole;
  Status status = services_.runner->run(*operation, joined_into(&whole));
  return status.ok() ? answer_of(std::move(whole)) : failure_answer(status);
}

}  // namespace weir

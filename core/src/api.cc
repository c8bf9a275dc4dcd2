#include "weir/api.h"

#include <algorithm>
#include <utility>

#include "api_endpoint.h"
#include "weir/access.h"

namespace weir {
namespace {

constexpr int64_t kRetryAfterS = 1;

const ApiRoute* find_route(std::string_view path) {
  const std::span<const ApiRoute> routes = api_routes();
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [&](const ApiRoute& route) { return route.path == path; });
  return found == routes.end() ? nullptr : &*found;
}

// What an operation's failure means to who asked.
Emit problem_of(const Status& status, const ApiRoute& route) {
  switch (status.code()) {
    case Code::kInvalid:
      return problem(400, "bad_value", status.message(), "cursor");
    case Code::kTooLarge:
      return problem(400, "too_large", status.message(), route.parameter_of_size);
    case Code::kExhausted:
      return problem(422, "exhausted", status.message());
    case Code::kUnavailable: {
      Emit answer = problem(503, "unavailable", status.message());
      answer.head->retry_after_s = kRetryAfterS;
      return answer;
    }
    default:
      return problem(500, code_name(status.code()), status.message());
  }
}

class ApiOperation final : public Operation {
 public:
  explicit ApiOperation(ApiRequest request) : request_(std::move(request)) {}

  Step resume(Reply reply) override {
    switch (phase_) {
      case Phase::kStart:
        return start_request();
      case Phase::kToken:
        return take_token(grants_reading_->resume(std::move(reply)));
      case Phase::kReading:
        return follow(reading_->resume(std::move(reply)));
      case Phase::kAnswered:
        break;
    }
    return Done{};
  }

 private:
  enum class Phase : uint8_t { kStart, kToken, kReading, kAnswered };

  Step answer(Emit emit) {
    phase_ = Phase::kAnswered;
    return emit;
  }

  Step start_request() {
    const std::string_view target = request_.target;
    if (target.size() > kApiTargetBytesMax) {
      return answer(problem(414, "target_too_long", "path and query string are too long"));
    }
    const size_t question = std::min(target.find('?'), target.size());
    route_ = find_route(target.substr(0, question));
    if (route_ == nullptr) return answer(problem(404, "not_found", "there is no such route"));
    if (request_.method != "GET") {
      return answer(problem(405, "method_not_allowed", "this route answers GET and HEAD"));
    }
    if (!route_->is_public && !request_.trusted && request_.token_sha256.empty()) {
      return answer(problem(401, "unauthorized", "a bearer token is needed"));
    }
    const std::string_view query_string = target.substr(std::min(question + 1, target.size()));
    if (auto fault =
            parse_parameters(query_string, route_->parameters, request_.now_ms, &parameters_)) {
      return answer(problem(400, fault->code, fault->detail, fault->parameter));
    }
    if (route_->is_public || request_.trusted) return read();
    phase_ = Phase::kToken;
    grants_reading_ = find_grants(std::move(request_.token_sha256), &grants_);
    return grants_reading_->start();
  }

  Step take_token(Step step) {
    const auto* done = std::get_if<Done>(&step);
    if (done == nullptr) return step;
    if (done->status.code() == Code::kDenied) {
      return answer(problem(401, "unauthorized", "nobody knows this token"));
    }
    if (!done->status.ok()) return answer(problem_of(done->status, *route_));
    if (std::optional<Emit> refusal = restrict_sites()) return answer(*std::move(refusal));
    return read();
  }

  // Bounds the sites to what the token may read. A refusal if it may not read at all, or not a site
  // that is named.
  std::optional<Emit> restrict_sites() {
    std::vector<std::string>& sites = parameters_.filter.sites;
    for (const std::string& site : sites) {
      if (grants_.may_read(site)) continue;
      return problem(403, "forbidden", "this token may not read that site", "site");
    }
    if (!sites.empty() || grants_.admin || grants_.read_all) return std::nullopt;
    sites = grants_.read_sites;
    if (!sites.empty()) return std::nullopt;
    return problem(403, "forbidden", "this token may not read");
  }

  Step read() {
    endpoint_ = route_->make(request_, std::move(parameters_));
    phase_ = Phase::kReading;
    return next_reading();
  }

  Step next_reading() {
    reading_ = endpoint_->next_reading();
    if (reading_) return follow(reading_->start());
    Emit emit{HttpHead{200, "application/json", 0, endpoint_->met_damage()}, {}};
    JsonWriter json(&emit.bytes);
    endpoint_->write(&json);
    return answer(std::move(emit));
  }

  // Hands the reading's steps to the host, and goes on when it is done.
  Step follow(Step step) {
    const auto* done = std::get_if<Done>(&step);
    if (done == nullptr) return step;
    if (!done->status.ok()) return answer(problem_of(done->status, *route_));
    return next_reading();
  }

  ApiRequest request_;
  Phase phase_ = Phase::kStart;
  const ApiRoute* route_ = nullptr;
  ApiParameters parameters_;
  Grants grants_;
  OperationPtr grants_reading_;
  std::unique_ptr<Endpoint> endpoint_;
  OperationPtr reading_;  // borrows from endpoint_
};

}  // namespace

bool is_api_path(std::string_view target) { return target.starts_with("/api/v1/"); }

std::unique_ptr<Operation> api(ApiRequest request) {
  return std::make_unique<ApiOperation>(std::move(request));
}

Emit problem(int http_status, std::string_view code, std::string_view detail,
             std::string_view param) {
  Emit emit{HttpHead{http_status, "application/problem+json", 0}, {}};
  JsonWriter json(&emit.bytes);
  json.begin_object().key("type").string("/problems/" + std::string(code));
  json.key("status").integer(http_status).key("code").string(code);
  json.key("detail").string(detail);
  if (!param.empty()) json.key("param").string(param);
  json.end_object();
  return emit;
}

}  // namespace weir

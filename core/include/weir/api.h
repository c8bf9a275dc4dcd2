// API: the HTTP routes under /api/v1 as operations, so that both homes answer the same bytes.
//
// The host reads the request, hashes the token, and writes what the operation emits; to a 401 it
// adds `WWW-Authenticate: Bearer`, to a 405 `Allow: GET, HEAD`. Errors are RFC 9457 problem
// documents: `type` /problems/<code>, `code`, `param`. See docs/api.md. The live stream is the
// host's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/operation.h"
#include "weir/query.h"

namespace weir {

struct ApiRequest {
  std::string method;    // "GET"; a host says so for HEAD too, and sends no body
  std::string target;    // path and query string as received, ≤ kApiTargetBytesMax
  int64_t now_ms = 0;    // UTC
  Bytes token_sha256;    // of the bearer token; empty: none was sent
  bool trusted = false;  // the host has authenticated the caller itself (loopback without any user)
  std::optional<Ledger> ledger;  // natively: the live ledger, instead of the stored one
  std::string own_site;          // natively: the site that `ledger` is of; empty at the edge
  QueryBudget budget;
};

// True if the path is one of the API's, so that the host knows whom to ask.
bool is_api_path(std::string_view target);

// Never fails as an operation: errors are emitted as problem documents. Emits exactly one answer.
std::unique_ptr<Operation> api(ApiRequest request);

// A problem document with its head, for answers that a host must give itself (405, 500, …).
Emit problem(int http_status, std::string_view code, std::string_view detail,
             std::string_view param = {});

}  // namespace weir

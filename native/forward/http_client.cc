// One easy handle is added to the multi handle for each exchange and removed after it. The multi
// handle is there for its poll, which other threads can end: a plain transfer can not be stopped.
#include "native/forward/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>

#include "native/runtime/socket_address.h"
#include "weir/limits.h"

namespace weir {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

constexpr uint16_t kHttpPort = 80;

bool is_loopback(std::string_view authority) {
  const auto address = SocketAddress::parse(authority, kHttpPort);
  if (address.ok()) return address->is_loopback();
  return authority.substr(0, authority.find(':')) == "localhost";  // libcurl never looks it up
}

// What the configuration has checked already is checked again where the token would leave.
Status check_url(std::string_view url) {
  if (url.starts_with("https://")) return {};
  constexpr std::string_view kPlain = "http://";
  if (!url.starts_with(kPlain)) return Status(Code::kInvalid, "forward.url is no https:// URL");
  url.remove_prefix(kPlain.size());
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.find('@') == std::string_view::npos && is_loopback(authority)) return {};
  return Status(Code::kInvalid, "forward.url may be plain http for a loopback address only");
}

// libcurl's write callback; less than `size` ends the transfer with CURLE_WRITE_ERROR.
size_t on_body(const char* data, size_t, size_t size, void* answer) {
  std::string& body = static_cast<HttpAnswer*>(answer)->body;
  if (size > kForwardAnswerBytesMax - body.size()) return 0;  // ends the transfer
  body.append(data, size);
  return size;
}

// Options are constants of ours: one that this libcurl does not know is a bug.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  WEIR_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace

struct HttpClient::State {
  Status prepare(const HttpClientOptions& options);
  void add_header(const std::string& line);
  Status run(HttpAnswer* answer);

  HttpClientOptions options;
  HeaderList headers;
  std::unique_ptr<CURLM, FreeMulti> multi;
  std::unique_ptr<CURL, FreeEasy> easy;  // keeps the connection between exchanges
  std::atomic<bool> stopped{false};
};

// curl_slist_append returns the list's head, or null and leaves the list.
void HttpClient::State::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
  WEIR_CHECK(longer != nullptr);
  static_cast<void>(headers.release());
  headers.reset(longer);
}

Status HttpClient::State::prepare(const HttpClientOptions& chosen) {
  options = chosen;
  WEIR_TRY(check_url(options.base_url));
  multi.reset(curl_multi_init());
  easy.reset(curl_easy_init());
  if (!multi || !easy) return Status(Code::kUnavailable, "libcurl does not start");
  add_header("Authorization: Bearer " + options.token);
  add_header("Content-Type: application/octet-stream");
  add_header("Accept: application/json");
  add_header("Expect:");  // no round trip before the body
  for (const auto& [name, value] : options.headers) add_header(name + ": " + value);

  CURL* handle = easy.get();
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_USERAGENT, "weir");
  set(handle, CURLOPT_NOSIGNAL, 1L);  // this is not the only thread
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (options.base_url.starts_with("http://")) set(handle, CURLOPT_NOPROXY, "*");
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_ms));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.exchange_timeout_ms));
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  return {};
}

// Drives the transfer to its end. The handle has been added to `multi`.
Status HttpClient::State::run(HttpAnswer* answer) {
  for (int running = 1; running > 0;) {
    if (stopped) return Status(Code::kUnavailable, "stopped");
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
      return Status(Code::kUnavailable, "libcurl failed");
    }
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  if (message == nullptr) return Status(Code::kUnavailable, "libcurl gave no result");
  if (message->data.result == CURLE_WRITE_ERROR) {
    return Status(Code::kUnavailable, "the answer is too large");
  }
  if (message->data.result != CURLE_OK) {
    return Status(Code::kUnavailable, curl_easy_strerror(message->data.result));
  }
  long status = 0;
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after_s);  // seconds, or a date
  answer->status = static_cast<int>(status);
  answer->retry_after_s = retry_after_s;
  return {};
}

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

HttpClient::~HttpClient() {
  state_.reset();
  curl_global_cleanup();
}

Result<std::unique_ptr<HttpClient>> HttpClient::make(const HttpClientOptions& options) {
  std::unique_ptr<HttpClient> client(new HttpClient);
  WEIR_TRY(client->state_->prepare(options));
  return client;
}

Result<HttpAnswer> HttpClient::exchange(const std::string& path, std::optional<ByteView> body) {
  CURL* easy = state_->easy.get();
  HttpAnswer answer;
  set(easy, CURLOPT_URL, (state_->options.base_url + path).c_str());
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&answer));
  if (body) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    set(easy, CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(body->data()));
    set(easy, CURLOPT_CUSTOMREQUEST, "PUT");  // with the body of a POST, which is not copied
  } else {
    set(easy, CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
    set(easy, CURLOPT_HTTPGET, 1L);
  }
  if (curl_multi_add_handle(state_->multi.get(), easy) != CURLM_OK) {
    return Status(Code::kUnavailable, "libcurl takes no transfer");
  }
  const Status status = state_->run(&answer);
  curl_multi_remove_handle(state_->multi.get(), easy);
  if (!status.ok()) return status;
  return answer;
}

void HttpClient::sleep(int64_t timeout_ms) {
  // A wake-up between this and the poll ends the poll at once: libcurl keeps it.
  if (state_->stopped) return;
  const auto bounded_ms = static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, 60'000));
  curl_multi_poll(state_->multi.get(), nullptr, 0, bounded_ms, nullptr);
}

void HttpClient::wake() { curl_multi_wakeup(state_->multi.get()); }

void HttpClient::stop() {
  state_->stopped = true;
  wake();
}

}  // namespace weir

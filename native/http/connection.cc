// One connection over Beast: read a head, hand it over, write the answer, and again. Pipelined
// requests wait in the buffer, since the next head is read only after an answer is written.
#include "native/http/connection.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>

namespace weir {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr unsigned kHttp11 = 11;
constexpr std::chrono::seconds kLingerMax{1};

std::string owned(beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9110 5.6.7, of now.
std::string http_date() {
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  char text[32];
  gmtime_r(&now, &utc);
  return {text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

// Nothing here is a page that may load anything, be framed, or be read by another origin.
void set_fields(http::fields& fields, const RouterAnswer& answer) {
  fields.set(http::field::server, "weir");
  fields.set(http::field::date, http_date());
  fields.set(http::field::content_type, answer.content_type);
  fields.set(http::field::cache_control, "no-store");
  fields.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  fields.set("Cross-Origin-Resource-Policy", "same-origin");
  fields.set("Referrer-Policy", "no-referrer");
  fields.set("X-Content-Type-Options", "nosniff");
  if (answer.status == 405) fields.set(http::field::allow, "GET, HEAD");
  if (answer.retry_after_s > 0)
    fields.set(http::field::retry_after, std::to_string(answer.retry_after_s));
}

}  // namespace

HttpConnection::HttpConnection(boost::asio::ip::tcp::socket socket, Owner& owner,
                               const HttpOptions& options)
    : stream_(std::move(socket)),
      owner_(owner),
      options_(options),
      buffer_(2 * kHttpHeaderBytesMax) {}  // a head at its bound, and some of the next request

HttpConnection::~HttpConnection() { owner_.closed(this); }

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(kHttpHeaderBytesMax);
  parser_->body_limit(0);
  idle_ = true;
  // One deadline for the whole head: a client cannot hold a connection by sending byte after byte.
  stream_.expires_after(options_.request_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, size_t bytes) {
                            // The parser's own limit is a little looser: it does not count the last
                            // line.
                            if (!error && bytes > kHttpHeaderBytesMax)
                              error = http::error::header_limit;
                            self->on_head(error);
                          });
}

void HttpConnection::on_head(beast::error_code error) {
  idle_ = false;
  keep_alive_ = false;
  is_head_ = false;
  if (error || parser_->chunked()) return refuse(error ? error : http::error::body_limit);
  const auto& head = parser_->get();
  keep_alive_ = head.keep_alive();
  is_head_ = head.method() == http::verb::head;
  stream_.expires_never();  // the work has its own bounds; there is nothing to time out here
  owner_.handle(shared_from_this(), {owned(head.method_string()), owned(head.target()),
                                     owned(head[http::field::host])});
}

// A head that cannot be read ends the connection, with an answer if the client is still there.
void HttpConnection::refuse(beast::error_code error) {
  if (error == http::error::body_limit) {
    answer(problem_answer(413, "body_too_large", "requests have no body here"));
  } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    answer(problem_answer(431, "header_too_large", "request heads are at most 16 KiB"));
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    answer(problem_answer(400, "bad_request", "this is not HTTP/1.1"));
  } else {
    abort();  // gone, or too slow
  }
}

void HttpConnection::answer(RouterAnswer answer) {
  if (closing_) keep_alive_ = false;
  response_ = {};
  response_.version(kHttp11);
  response_.result(static_cast<unsigned>(answer.status));
  set_fields(response_, answer);
  response_.keep_alive(keep_alive_);
  response_.content_length(answer.body.size());
  if (!is_head_) response_.body() = std::move(answer.body);
  owner_.answered(answer.status);
  stream_.expires_after(options_.write_timeout);
  http::async_write(
      stream_, response_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->on_written(error); });
}

void HttpConnection::on_written(beast::error_code error) {
  if (error) return abort();
  if (closing_) return abort();
  if (keep_alive_) return read();
  linger();
}

// Closing while unread bytes of the client are there would send a reset, which may overtake the
// answer. So: say that we are done, and read on until the client is done too, within bounds.
void HttpConnection::linger() {
  beast::error_code ignored;  // if the client is gone already, the next read tells
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerMax);
  discard();
}

void HttpConnection::discard() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kHttpHeaderBytesMax),
                          [self = shared_from_this()](beast::error_code error, size_t) {
                            if (error) return self->abort();
                            self->discard();
                          });
}

void HttpConnection::close_when_idle() {
  closing_ = true;
  if (idle_) abort();
}

void HttpConnection::abort() {
  closing_ = true;
  beast::error_code ignored;  // closing cannot fail in a way that leaves something to do
  stream_.socket().close(ignored);
}

}  // namespace weir

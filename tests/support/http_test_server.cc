#include "support/http_test_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <optional>
#include <thread>

namespace weir::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Error = boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kBodyBytesMax = 2 << 20;

}  // namespace

HttpResponse http_response(int status, std::string body) {
  HttpResponse response;
  response.version(11);
  response.result(static_cast<unsigned>(status));
  response.body() = std::move(body);
  response.keep_alive(true);
  response.prepare_payload();
  return response;
}

// Asynchronous on one thread, so that stopping the context ends everything, hanging or not.
struct HttpTestServer::State {
  State(Handler chosen, uint16_t port)
      : handler(std::move(chosen)), acceptor(context, {asio::ip::address_v4::loopback(), port}) {}

  void accept() {
    acceptor.async_accept([this](const Error& error, tcp::socket socket) {
      if (error) return;
      stream.emplace(std::move(socket));
      buffer.clear();
      read();
    });
  }

  void read() {
    parser.emplace();
    parser->body_limit(kBodyBytesMax);
    beast::http::async_read(*stream, buffer, *parser, [this](const Error& error, size_t) {
      if (error) return accept();
      answer(handler(parser->get()));
    });
  }

  void answer(std::unique_ptr<HttpResponse> made) {
    response = std::move(made);
    if (!response) {
      stream.reset();
      return accept();
    }
    if (response->result_int() == kHang) return wait_for_end();
    beast::http::async_write(*stream, *response, [this](const Error& error, size_t) {
      return error ? accept() : read();
    });
  }

  // Until the client closes the connection.
  void wait_for_end() {
    stream->async_read_some(asio::buffer(&ignored, 1), [this](const Error& error, size_t) {
      error ? accept() : wait_for_end();
    });
  }

  Handler handler;
  asio::io_context context;
  tcp::acceptor acceptor;
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser;
  std::unique_ptr<HttpResponse> response;
  char ignored = 0;
  std::thread thread;
};

HttpTestServer::HttpTestServer(Handler handler, uint16_t port)
    : state_(std::make_unique<State>(std::move(handler), port)) {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

HttpTestServer::~HttpTestServer() {
  state_->context.stop();
  state_->thread.join();
}

uint16_t HttpTestServer::port() const { return state_->acceptor.local_endpoint().port(); }

}  // namespace weir::test

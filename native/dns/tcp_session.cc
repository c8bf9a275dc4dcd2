// The session is a small machine of three parts that wake each other: read() fills the input while
// the pipeline has room, handle_input() takes whole queries out of it, write() gathers the answers
// that are ready. Every handler holds the session alive; close() ends it once.
#include "native/dns/tcp_session.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr size_t kAnswersPerWriteMax = 16;  // gathered; more would only hold more memory longer

}  // namespace

TcpSession::TcpSession(asio::ip::tcp::socket socket, const SocketAddress& from, Resolver& resolver,
                       int64_t idle_timeout_us, std::function<void(TcpSession*)> closed)
    : socket_(std::move(socket)),
      from_(from),
      resolver_(resolver),
      idle_timeout_us_(idle_timeout_us),
      closed_(std::move(closed)) {
  renew();
}

void TcpSession::start() {
  error_code ignored;  // without it answers are only slower
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  read();
}

void TcpSession::stop_reading() {
  ended_ = true;
  close_if_done();
}

int64_t TcpSession::deadline_us() const {
  const bool client_waits = unanswered_ > 0 && writing_ == 0;
  return client_waits ? INT64_MAX : deadline_us_;
}

void TcpSession::close() {
  if (!closed_) return;
  error_code ignored;  // the descriptor is released all the same
  socket_.close(ignored);
  std::exchange(closed_, nullptr)(this);
}

void TcpSession::close_if_done() {
  if (ended_ && unanswered_ == 0) close();
}

void TcpSession::read() {
  if (!closed_ || reading_ || ended_ || unanswered_ >= kTcpPipelineMax) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_.data() + input_bytes_, input_.size() - input_bytes_),
                          [self = shared_from_this()](const error_code& error, size_t count) {
                            self->reading_ = false;
                            // A client may end its side after its last query and still wants the
                            // answers (RFC 7766 6.2.4).
                            if (error == asio::error::eof) return self->stop_reading();
                            if (error) return self->close();
                            self->input_bytes_ += count;
                            self->handle_input();
                          });
}

// Takes the whole queries out of the input, as far as the pipeline has room.
void TcpSession::handle_input() {
  size_t used = 0;
  while (closed_ && !ended_ && unanswered_ < kTcpPipelineMax) {
    const std::span<const uint8_t> rest = std::span(input_).subspan(used, input_bytes_ - used);
    if (rest.size() < kPrefixBytes) break;
    const auto size = static_cast<size_t>(rest[0] << 8 | rest[1]);
    // Without reading it, the stream cannot be followed any further.
    if (size > kTcpQueryBytesMax) return close();
    if (rest.size() < kPrefixBytes + size) break;
    if (!handle_query(rest.subspan(kPrefixBytes, size))) return close();
    used += kPrefixBytes + size;
  }
  std::copy(input_.begin() + static_cast<ptrdiff_t>(used),
            input_.begin() + static_cast<ptrdiff_t>(input_bytes_), input_.begin());
  input_bytes_ -= used;
  read();
}

// False: the message deserves no answer, and neither does what follows it.
bool TcpSession::handle_query(std::span<const uint8_t> message) {
  renew();
  Request request;
  request.transport = Transport::kTcp;
  request.arrival = ClockPair::now();
  const Handled handled = resolver_.answer(message, from_, &request, resolver_.room());
  if (handled.verdict == Verdict::kSilent) return false;
  ++unanswered_;
  if (handled.verdict == Verdict::kForward) {
    resolver_.forward(request, [self = shared_from_this()](std::span<const uint8_t> answer) {
      return self->send(answer);
    });
    return true;
  }
  const bool sent = send(resolver_.room().first(handled.bytes));
  if (handled.verdict == Verdict::kAnswer) {
    resolver_.record(request, handled.decision, monotonic_us(), sent);
  }
  return true;
}

// The answer counts as handed over when it is queued: the kernel gets it at once unless the client
// reads slowly.
bool TcpSession::send(std::span<const uint8_t> message) {
  if (!closed_) return false;
  std::vector<uint8_t> framed(kPrefixBytes + message.size());
  framed[0] = static_cast<uint8_t>(message.size() >> 8);
  framed[1] = static_cast<uint8_t>(message.size());
  std::ranges::copy(message, framed.begin() + kPrefixBytes);
  output_.push_back(std::move(framed));
  write();
  return true;
}

void TcpSession::write() {
  if (writing_ > 0 || output_.empty()) return;
  writing_ = std::min(output_.size(), kAnswersPerWriteMax);
  std::vector<asio::const_buffer> buffers;
  for (size_t i = 0; i < writing_; ++i) buffers.push_back(asio::buffer(output_[i]));
  asio::async_write(socket_, buffers, [self = shared_from_this()](const error_code& error, size_t) {
    if (error || !self->closed_) return self->close();
    self->output_.erase(self->output_.begin(),
                        self->output_.begin() + static_cast<ptrdiff_t>(self->writing_));
    self->unanswered_ -= std::exchange(self->writing_, 0);
    self->renew();
    self->write();
    // The pipeline has room again: first for what was read already.
    self->handle_input();
    self->close_if_done();
  });
}

}  // namespace weir

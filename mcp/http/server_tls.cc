// A connection over TLS: the same waits and the same bytes, one layer further down.
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/http/server_connection.h"

namespace mcp {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kRecord = std::size_t{16} << 10;  // bytes of one TLS record
constexpr std::string_view kSpeaksTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\nConnection: close\r\n\r\n"
    "This port speaks TLS: use https:// here.\n";

/// The next bytes of `parts` from `offset` on, as many as one record holds: in one piece where they are, else copied into `room`.
std::string_view next_record(std::span<const iovec> parts, std::size_t offset, std::array<char, kRecord>& room) {
  while (!parts.empty() && offset >= parts.front().iov_len) {
    offset -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (parts.empty()) return {};
  const std::string_view first(static_cast<const char*>(parts.front().iov_base) + offset, parts.front().iov_len - offset);
  if (first.size() >= kRecord || parts.size() == 1) return first.substr(0, kRecord);
  std::size_t filled = 0;
  for (const iovec& part : parts) {
    const std::size_t count = std::min(part.iov_len - offset, kRecord - filled);
    std::memcpy(room.data() + filled, static_cast<const char*>(part.iov_base) + offset, count);
    filled += count;
    offset = 0;
  }
  return {room.data(), filled};
}

}  // namespace

/// True once both sides have agreed. A slow one is ended by the sweep, like a head that does not come.
Task<bool> ServerConnection::shake_hands() {
  deadline_ = state_->deadline_in(state_->options().head_timeout);
  IoState state = tls_->handshake();
  while (!gone_ && (state == IoState::want_read || state == IoState::want_write)) {
    const auto direction = state == IoState::want_read ? tcp::socket::wait_read : tcp::socket::wait_write;
    auto [error] = co_await socket_.async_wait(direction, kTuple);
    if (error || gone_) co_return false;
    state = tls_->handshake();
  }
  if (gone_) co_return false;
  if (state == IoState::done) co_return true;
  const bool plain = TlsServerSession::got_plain_http();
  log_debug("http", "a TLS handshake failed", {{"client", remote_address()}, {"why", openssl_reason()}});
  if (!plain) co_return false;
  tls_.reset();
  std::string text(kSpeaksTls);
  iovec part{text.data(), text.size()};
  send({&part, 1});
  co_await linger();
  co_return false;
}

/// As async_read_some() of the socket.
Task<ServerConnection::Received> ServerConnection::receive_tls() {
  while (true) {
    const asio::mutable_buffer space = reader_.space();
    const IoResult got = tls_->read(static_cast<char*>(space.data()), space.size());
    if (got.state == IoState::done) co_return Received{{}, got.bytes};
    if (got.state == IoState::end) co_return Received{asio::error::eof, 0};
    if (got.state == IoState::failed) co_return Received{asio::error::connection_reset, 0};
    const auto direction = got.state == IoState::want_read ? tcp::socket::wait_read : tcp::socket::wait_write;
    auto [error] = co_await socket_.async_wait(direction, kTuple);
    if (error || gone_) co_return Received{error ? error : asio::error::operation_aborted, 0};
  }
}

/// As send(). What the kernel did not take is in OpenSSL's hands as one record, and comes again with the next call.
ssize_t ServerConnection::send_tls(std::span<const iovec> parts) {
  std::array<char, kRecord> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled as far as it is read
  std::size_t sent = 0;
  while (true) {
    const std::string_view record = next_record(parts, sent, room);
    if (record.empty()) return static_cast<ssize_t>(sent);
    const IoResult done = tls_->write(record);
    if (done.state == IoState::want_write) return static_cast<ssize_t>(sent);
    if (done.state != IoState::done) break;
    sent += done.bytes;
  }
  close();
  return -1;
}

/// As what a look at the socket's next byte tells.
ServerConnection::Sign ServerConnection::look_tls() {
  switch (tls_->look()) {
    case IoState::done:
      return Sign::sends;
    case IoState::want_read:
    case IoState::want_write:
      return Sign::silent;
    default:
      return Sign::gone;
  }
}

}  // namespace mcp

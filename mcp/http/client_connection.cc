#include "mcp/http/client_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace mcp {

namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

bool would_block() {
  static_assert(EAGAIN == EWOULDBLOCK);
  return errno == EAGAIN || errno == EINTR;
}

iovec piece(std::string_view bytes) {
  // sendmsg does not write through the pointer.
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

ClientConnection::~ClientConnection() {
  if (tls_) tls_->shut_down();
}

IoResult ClientConnection::read(char* to, std::size_t size) {
  if (tls_) return tls_->read(to, size);
  auto received = ::recv(socket_.native_handle(), to, size, MSG_DONTWAIT);
  if (received > 0) return {IoState::done, static_cast<std::size_t>(received)};
  if (received == 0) return {IoState::end};
  return {would_block() ? IoState::want_read : IoState::failed};
}

IoResult ClientConnection::write(std::string_view head_rest, std::string_view body) {
  if (tls_) return tls_->write(head_rest.empty() ? body : head_rest);
  std::array<iovec, 2> pieces = {piece(head_rest), piece(body)};
  msghdr message = {};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return {IoState::done, static_cast<std::size_t>(sent)};
  return {would_block() ? IoState::want_write : IoState::failed};
}

Task<void> ClientConnection::wait(IoState want) {
  auto event = want == IoState::want_write ? asio::socket_base::wait_write : asio::socket_base::wait_read;
  co_await socket_.async_wait(event, kAwait);
}

IoResult ClientConnection::outcome_of_read(const boost::system::error_code& error, std::size_t bytes) {
  if (!error) return {IoState::done, bytes};
  if (error == asio::error::eof) return {IoState::end};
  return {error == asio::error::operation_aborted ? IoState::want_read : IoState::failed};
}

void ClientConnection::interrupt() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

bool ClientConnection::idle_alive() {
  // A TLS server may send session tickets at any time, and bytes may wait within the TLS stream.
  if (tls_) return tls_->idle_alive();
  char byte = 0;
  auto received = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return received < 0 && would_block();
}

}  // namespace mcp

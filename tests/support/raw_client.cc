#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace mcp {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

[[noreturn]] void fail_with(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

std::string RawResponse::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find(kLineEnd));
    rest.remove_prefix(std::min(rest.size(), line.size() + kLineEnd.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    return begin == std::string_view::npos ? std::string() : std::string(line.substr(begin));
  }
  return {};
}

RawClient::RawClient(int receive_buffer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) fail_with(errno, "socket");
  if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
}

RawClient::~RawClient() {
  close();
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), patience_(other.patience_), received_(std::move(other.received_)) {}

RawClient RawClient::to(std::uint16_t port) {
  RawClient client;
  client.connect(port);
  return client;
}

void RawClient::connect(std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail_with(errno, "connect");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string RawClient::local_address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail_with(errno, "getsockname");
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void RawClient::send(std::string_view bytes) {
  if (!try_send(bytes)) throw std::runtime_error("the server closed before everything was sent");
}

void RawClient::send_in_pieces(std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    send(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
}

bool RawClient::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd entry{fd_, POLLOUT, 0};
    if (::poll(&entry, 1, static_cast<int>(patience_.count())) == 0) throw std::runtime_error("the server does not read");
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// False when the server has closed.
bool RawClient::fill() {
  std::array<char, 65536> buffer;
  while (true) {
    pollfd entry{fd_, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(patience_.count())) == 0) {
      throw std::runtime_error("nothing more came after: " + received_.substr(0, 2000));
    }
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
}

std::string RawClient::read_until(std::string_view end) {
  std::size_t found = received_.find(end);
  while (found == std::string::npos) {
    if (!fill()) throw std::runtime_error("the server closed after: " + received_.substr(0, 2000));
    found = received_.find(end);
  }
  std::string text = received_.substr(0, found + end.size());
  received_.erase(0, text.size());
  return text;
}

std::string RawClient::read_exactly(std::size_t count) {
  while (received_.size() < count) {
    if (!fill()) throw std::runtime_error("the server closed after: " + received_.substr(0, 2000));
  }
  std::string text = received_.substr(0, count);
  received_.erase(0, count);
  return text;
}

std::string RawClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}

RawResponse RawClient::read_head() {
  RawResponse response;
  response.head = read_until(kHeadEnd);
  response.head.resize(response.head.size() - kHeadEnd.size());
  const std::size_t space = response.head.find(' ');
  if (space != std::string::npos) response.status = std::atoi(response.head.c_str() + space);
  return response;
}

std::string RawClient::read_chunk() {
  const std::string line = read_until(kLineEnd);
  const auto size = static_cast<std::size_t>(std::stoul(line, nullptr, 16));
  std::string bytes = read_exactly(size + kLineEnd.size());
  bytes.resize(size);
  return bytes;
}

RawResponse RawClient::read_response(bool to_head) {
  RawResponse response = read_head();
  if (to_head || response.status / 100 == 1 || response.status == 204 || response.status == 304) return response;
  if (response.header("Transfer-Encoding") == "chunked") {
    for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk())
      response.body += chunk;
  } else if (const std::string length = response.header("Content-Length"); !length.empty()) {
    response.body = read_exactly(static_cast<std::size_t>(std::stoul(length)));
  } else {
    response.body = read_to_end();
  }
  return response;
}

bool RawClient::at_end() {
  return received_.empty() && !fill();
}

void RawClient::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

}  // namespace mcp

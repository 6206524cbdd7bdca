#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <openssl/ssl.h>
#include <stdexcept>

namespace mcp {
namespace {

std::size_t content_length(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kName = "content-length: ";
  auto at = lower.find(kName);
  std::size_t length = 0;
  if (at != std::string::npos) std::from_chars(lower.data() + at + kName.size(), lower.data() + lower.size(), length);
  return length;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

bool ScriptedServer::Peer::read_more() {
  std::array<char, 65536> buffer;
  auto size = static_cast<int>(buffer.size());
  auto received = tls_ != nullptr ? SSL_read(tls_, buffer.data(), size) : ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (received <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(received));
  return true;
}

std::string ScriptedServer::Peer::request() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return {};
  }
  auto size = end + 4 + content_length(std::string_view(received_).substr(0, end));
  while (received_.size() < size) {
    if (!read_more()) return {};
  }
  auto request = received_.substr(0, size);
  received_.erase(0, size);
  return request;
}

void ScriptedServer::Peer::wait_for_end() {
  while (read_more()) {
    received_.clear();
  }
}

bool ScriptedServer::Peer::send(std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    auto now = bytes.substr(0, piece == 0 ? bytes.size() : piece);
    auto size = static_cast<int>(now.size());
    auto sent = tls_ != nullptr ? SSL_write(tls_, now.data(), size) : ::send(socket_, now.data(), now.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (piece != 0) std::this_thread::yield();
  }
  return true;
}

void ScriptedServer::Peer::pass_on_to(std::uint16_t port, std::string_view first) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool open = ::connect(other, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && send_all(other, first) &&
              send_all(other, received_);
  received_.clear();
  std::array<char, 65536> buffer;
  while (open) {
    std::array<pollfd, 2> ends = {pollfd{socket_, POLLIN, 0}, pollfd{other, POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), -1) < 0) break;
    for (std::size_t i = 0; i < ends.size() && open; ++i) {
      if (ends[i].revents == 0) continue;
      const auto got = ::recv(ends[i].fd, buffer.data(), buffer.size(), 0);
      open = got > 0 && send_all(ends[1 - i].fd, {buffer.data(), static_cast<std::size_t>(got)});
    }
  }
  ::close(other);
}

void ScriptedServer::Peer::end() {
  ::shutdown(socket_, SHUT_WR);
}

void ScriptedServer::Peer::notify_close() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
}

void ScriptedServer::Peer::reset() {
  linger now = {1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

ScriptedServer::ScriptedServer(Script script, ssl_ctx_st* tls) : script_(std::move(script)), tls_(tls) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 || ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no listening socket");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    for (int socket : open_)
      ::shutdown(socket, SHUT_RDWR);
  }
  for (auto& player : players_)
    player.join();
  ::close(listener_);
}

std::string ScriptedServer::url() const {
  return (tls_ != nullptr ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port_) + "/mcp";
}

void ScriptedServer::accept() {
  for (;;) {
    int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    {
      std::lock_guard lock(mutex_);
      open_.push_back(socket);
    }
    int number = connections_++;
    players_.emplace_back([this, socket, number] { play(socket, number); });
  }
}

void ScriptedServer::play(int socket, int number) {
  SSL* tls = nullptr;
  if (tls_ != nullptr) {
    tls = SSL_new(tls_);
    SSL_set_fd(tls, socket);
  }
  if (tls == nullptr || SSL_accept(tls) == 1) {
    Peer peer(socket, number, tls);
    script_(peer);
  }
  SSL_free(tls);
  std::lock_guard lock(mutex_);
  std::erase(open_, socket);
  ::close(socket);
}

std::string http_answer(int status, std::string_view content_type, std::string_view body, std::string_view more_headers) {
  auto out = "HTTP/1.1 " + std::to_string(status) + " Words\r\n";
  if (!content_type.empty()) out.append("Content-Type: ").append(content_type).append("\r\n");
  out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return out.append(more_headers).append("\r\n").append(body);
}

std::string chunked_answer(int status, std::string_view content_type, std::string_view body, std::size_t chunk) {
  auto out = "HTTP/1.1 " + std::to_string(status) + " Words\r\nContent-Type: ";
  out.append(content_type).append("\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    auto piece = body.substr(0, chunk);
    std::array<char, 20> hex;
    auto end = std::to_chars(hex.data(), hex.data() + hex.size(), piece.size(), 16).ptr;
    out.append(hex.data(), end).append("\r\n").append(piece).append("\r\n");
  }
  return out.append("0\r\n\r\n");
}

}  // namespace mcp

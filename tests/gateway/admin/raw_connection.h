#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace gateway {

/// A connection to 127.0.0.1 that carries bytes as they are.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* const any = &address;
    connected_ = ::connect(socket_, static_cast<sockaddr*>(any), sizeof address) == 0;
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  /// Everything until the other side ends; fails the test where that takes over 30 s.
  std::string receive_all() const { return receive({}); }

  /// Everything until this has come, whatever came behind it; fails the test where it does not.
  std::string receive_until(std::string_view end) const {
    std::string all = receive(end);
    EXPECT_TRUE(all.contains(end)) << all;
    return all;
  }

 private:
  std::string receive(std::string_view end) const {
    std::string all;
    std::array<char, 4096> buffer{};
    while (end.empty() || !all.contains(end)) {
      pollfd polled{socket_, POLLIN, 0};
      if (::poll(&polled, 1, 30'000) <= 0) {
        ADD_FAILURE() << "no end after: " << all;
        return all;
      }
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  int socket_;
  bool connected_ = false;
};

/// Sends one request and returns all that comes back.
inline std::string ask_raw(std::uint16_t port, std::string_view request) {
  const RawConnection connection(port);
  EXPECT_TRUE(connection.connected());
  EXPECT_TRUE(connection.send(request));
  return connection.receive_all();
}

}  // namespace gateway

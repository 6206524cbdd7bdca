#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace gateway {

/// An accepted connection that carries one request: reading ends at a limit of bytes, at a deadline (an early one
/// for the first byte), or when `stop_fd` becomes
/// readable; writing at a deadline. Owns the socket. One thread.
class BoundedSocket {
 public:
  struct Limits {
    std::size_t max_read = std::size_t{32} << 10;
    std::chrono::steady_clock::duration first_byte = std::chrono::seconds(1);   // who says nothing holds a thread no longer
    std::chrono::steady_clock::duration read_time = std::chrono::seconds(10);   // for the whole request
    std::chrono::steady_clock::duration write_time = std::chrono::seconds(10);  // without a byte taken
    std::chrono::steady_clock::duration last_words = std::chrono::seconds(1);   // for all that is written once stop_fd is readable
  };

  BoundedSocket(int socket, int stop_fd, Limits limits);
  ~BoundedSocket();  // closes
  BoundedSocket(const BoundedSocket&) = delete;
  BoundedSocket& operator=(const BoundedSocket&) = delete;

  int get() const { return socket_; }

  /// The peer has gone, or says nothing more.
  bool is_left() const;

  /// Waits until `fd` is readable, the peer has left, or `stop_fd` is readable; false when `longest` was over first.
  bool wait_for(int fd, std::chrono::steady_clock::duration longest) const;

  /// What is there, at most `size` bytes; 0 at the end, -1 where a limit ended it.
  ssize_t read(char* out, std::size_t size);

  /// Bytes taken; -1 when the peer is gone, took none in time, or did not take the last of it in time.
  ssize_t write(const char* data, std::size_t size);

 private:
  ssize_t fill();

  const int socket_;
  const int stop_fd_;
  const Limits limits_;
  const std::chrono::steady_clock::time_point accepted_;
  std::optional<std::chrono::steady_clock::time_point> last_until_;  // once a write has seen stop_fd readable
  std::size_t received_ = 0;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0, end_ = 0;  // what of buffer_ was not read yet
};

}  // namespace gateway

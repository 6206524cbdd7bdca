#include "gateway/admin/bounded_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/admin/poll_until.h"

namespace gateway {

using Clock = std::chrono::steady_clock;

BoundedSocket::BoundedSocket(int socket, int stop_fd, Limits limits)
    : socket_(socket), stop_fd_(stop_fd), limits_(limits), accepted_(Clock::now()) {
  ::fcntl(socket_, F_SETFD, FD_CLOEXEC);
}

BoundedSocket::~BoundedSocket() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool BoundedSocket::is_left() const {
  pollfd polled{socket_, POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) > 0;
}

bool BoundedSocket::wait_for(int fd, std::chrono::steady_clock::duration longest) const {
  std::array<pollfd, 3> polled = {pollfd{fd, POLLIN, 0}, pollfd{socket_, POLLRDHUP, 0}, pollfd{stop_fd_, POLLIN, 0}};
  return poll_until(polled, Clock::now() + longest);
}

ssize_t BoundedSocket::fill() {
  std::array<pollfd, 2> polled = {pollfd{socket_, POLLIN, 0}, pollfd{stop_fd_, POLLIN, 0}};
  const auto until = accepted_ + (received_ == 0 ? limits_.first_byte : limits_.read_time);
  if (received_ >= limits_.max_read || !poll_until(polled, until) || polled[1].revents != 0) return -1;
  const std::size_t room = std::min(buffer_.size(), limits_.max_read - received_);
  const ssize_t got = ::recv(socket_, buffer_.data(), room, MSG_DONTWAIT);
  begin_ = 0;
  end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  received_ += end_;
  return got;
}

ssize_t BoundedSocket::read(char* out, std::size_t size) {
  if (begin_ == end_) {
    const ssize_t got = fill();
    if (got <= 0) return got;
  }
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(out, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t BoundedSocket::write(const char* data, std::size_t size) {
  if (!last_until_) {
    std::array<pollfd, 2> polled = {pollfd{socket_, POLLOUT, 0}, pollfd{stop_fd_, POLLIN, 0}};
    if (!poll_until(polled, Clock::now() + limits_.write_time)) return -1;
    if (polled[1].revents != 0) last_until_ = Clock::now() + limits_.last_words;
  }
  if (last_until_) {
    std::array<pollfd, 1> polled = {pollfd{socket_, POLLOUT, 0}};
    if (!poll_until(polled, *last_until_)) return -1;
  }
  return ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace gateway

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/event.h"
#include "mcp/process/pipe_room.h"
#include "mcp/rpc/message.h"

namespace mcp {

/// Writes messages to a non-blocking descriptor, one a line. What is queued during one round of the loop leaves in one system call.
/// Loop thread only; held by shared_ptr because a write may be under way.
class LineWriter : public std::enable_shared_from_this<LineWriter> {
 public:
  /// `output` must stay valid until stop(). `on_error` is called once, from the loop, when the other side is gone; nothing is
  /// written after it.
  LineWriter(boost::asio::posix::stream_descriptor& output, std::size_t max_queued, std::function<void()> on_error);

  /// The pipe becomes large (PipeRoom) when it has no place for a long message. For pipes that we made ourselves.
  void let_pipe_grow() { may_grow_ = true; }

  /// Queues. False, and the message is dropped, when more than `max_queued` bytes would wait, or after the end.
  bool write(Message message);
  /// The same for a line that is no single message; without its line break.
  bool write_line(std::string_view line);

  std::size_t queued() const { return queued_; }

  /// Bytes queued since the beginning; all but the last queued() of them were written.
  std::uint64_t accepted() const { return accepted_; }

  /// Returns when everything was written or nothing more will be; false when `deadline` came first.
  Task<bool> drain(std::chrono::steady_clock::time_point deadline);

  /// What is still queued is dropped.
  void stop();

 private:
  void append(Message message);
  void flush();
  void flush_later();
  void wait_until_writable();
  long write_some();
  void written(std::size_t size);
  void end();

  boost::asio::posix::stream_descriptor& output_;
  const Executor executor_;
  const std::size_t max_queued_;
  const std::function<void()> on_error_;

  std::deque<std::string> chunks_;  // never empty ones
  std::string spare_;               // the memory of a written chunk, for the next
  std::size_t front_written_ = 0;   // of the first chunk
  std::size_t queued_ = 0;
  std::uint64_t accepted_ = 0;
  bool busy_ = false;  // a flush is posted, or waits for the descriptor
  bool ended_ = false;
  PipeRoom room_;
  bool may_grow_ = false;
  std::shared_ptr<Event> drained_;  // where somebody waits
};

}  // namespace mcp

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "mcp/process/pipe_room.h"
#include "mcp/transport/line_buffer.h"

namespace mcp {

/// Reads lines from a descriptor until its end; after some hundred lines others on the loop have their turn. Loop thread only; held
/// by shared_ptr because a read may be under way.
class LineReader : public std::enable_shared_from_this<LineReader> {
 public:
  struct Receiver {
    std::function<void(LineBuffer::Line)> on_line;
    /// The end of the file, or a failed read: nothing comes after it. `rest` is what stands behind the last line break.
    std::function<void(std::string_view rest)> on_end;
  };

  /// `input` must stay valid until stop() or on_end.
  LineReader(boost::asio::posix::stream_descriptor& input, std::size_t max_line, Receiver receiver);

  /// The pipe becomes large (PipeRoom) when a long line comes. For pipes that we made ourselves.
  void let_pipe_grow() { may_grow_ = true; }

  void start();

  /// The receiver is not called any more, also from inside one of its functions. Whoever closes the descriptor ends the read that
  /// is under way.
  void stop() { stopped_ = true; }

 private:
  void on_read(const boost::system::error_code& error, std::size_t size);
  void deliver();

  boost::asio::posix::stream_descriptor& input_;
  LineBuffer buffer_;
  const Receiver receiver_;
  PipeRoom room_;
  bool may_grow_ = false;
  bool stopped_ = false;
};

}  // namespace mcp

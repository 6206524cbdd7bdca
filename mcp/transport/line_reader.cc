#include "mcp/transport/line_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace mcp {

namespace {

/// One read may hold tens of thousands of lines.
constexpr int kLinesPerTurn = 256;
constexpr std::size_t kLongLine = std::size_t{64} << 10;  // what a usual pipe holds

}  // namespace

LineReader::LineReader(boost::asio::posix::stream_descriptor& input, std::size_t max_line, Receiver receiver)
    : input_(input), buffer_(max_line), receiver_(std::move(receiver)) {}

void LineReader::start() {
  const std::span<char> space = buffer_.space();
  if (may_grow_ && buffer_.rest().size() >= kLongLine) room_.enlarge(input_.native_handle());
  input_.async_read_some(
      boost::asio::buffer(space.data(), space.size()),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) { self->on_read(error, size); });
}

void LineReader::on_read(const boost::system::error_code& error, std::size_t size) {
  if (stopped_) return;
  if (error) {
    stopped_ = true;
    receiver_.on_end(buffer_.rest());
    return;
  }
  buffer_.filled(size);
  deliver();
}

void LineReader::deliver() {
  for (int lines = 0; lines < kLinesPerTurn; ++lines) {
    if (stopped_) return;
    auto line = buffer_.next();
    if (!line) return start();
    receiver_.on_line(*std::move(line));
  }
  if (stopped_) return;
  boost::asio::post(input_.get_executor(), [self = shared_from_this()] { self->deliver(); });
}

}  // namespace mcp

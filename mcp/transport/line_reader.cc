#include "mcp/transport/line_reader.h"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace mcp {

LineReader::LineReader(boost::asio::posix::stream_descriptor& input, std::size_t max_line, Receiver receiver)
    : input_(input), buffer_(max_line), receiver_(std::move(receiver)) {}

void LineReader::start() {
  const std::span<char> space = buffer_.space();
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
  while (auto line = buffer_.next()) {
    receiver_.on_line(*std::move(line));
    if (stopped_) return;
  }
  start();
}

}  // namespace mcp

#include "mcp/transport/line_writer.h"

#include <sys/uio.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace mcp {

namespace {

namespace asio = boost::asio;

constexpr std::size_t kChunk = std::size_t{64} << 10;         // small messages are joined up to this
constexpr std::size_t kLargeMessage = std::size_t{16} << 10;  // not worth a copy
constexpr std::size_t kBuffersPerWrite = 16;
constexpr std::size_t kBytesPerTurn = std::size_t{1} << 20;  // then others on the loop have theirs

}  // namespace

LineWriter::LineWriter(asio::posix::stream_descriptor& output, std::size_t max_queued, std::function<void()> on_error)
    : output_(output), executor_(output.get_executor()), max_queued_(max_queued), on_error_(std::move(on_error)) {
  boost::system::error_code ignored;  // a descriptor that cannot be set so fails at the first write
  output_.native_non_blocking(true, ignored);
}

bool LineWriter::write(Message message) {
  const std::size_t size = message.text().size() + 1;
  if (ended_ || size > max_queued_ - queued_) return false;
  append(std::move(message));
  queued_ += size;
  accepted_ += size;
  if (!busy_) flush_later();
  return true;
}

bool LineWriter::write_line(std::string_view line) {
  const std::size_t size = line.size() + 1;
  if (ended_ || size > max_queued_ - queued_) return false;
  chunks_.emplace_back().append(line).push_back('\n');
  queued_ += size;
  accepted_ += size;
  if (!busy_) flush_later();
  return true;
}

void LineWriter::append(Message message) {
  const std::string_view text = message.text();
  if (text.size() >= kLargeMessage) {
    chunks_.push_back(std::move(message).take_text());
    chunks_.emplace_back("\n");
    return;
  }
  if (chunks_.empty() || chunks_.back().size() + text.size() >= kChunk) chunks_.push_back(std::exchange(spare_, {}));
  chunks_.back().append(text).push_back('\n');
}

void LineWriter::flush_later() {
  busy_ = true;
  asio::post(executor_, [self = shared_from_this()] { self->flush(); });
}

void LineWriter::flush() {
  if (ended_) return;
  for (std::size_t turn = 0; queued_ > 0;) {
    if (turn >= kBytesPerTurn) return flush_later();
    const long size = write_some();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return wait_until_writable();
    if (size < 0) {
      end();
      on_error_();
      return;
    }
    written(static_cast<std::size_t>(size));
    turn += static_cast<std::size_t>(size);
  }
  busy_ = false;
  if (drained_) std::exchange(drained_, nullptr)->set();
}

long LineWriter::write_some() {
  std::array<iovec, kBuffersPerWrite> parts{};
  std::size_t count = 0;
  std::size_t skip = front_written_;
  for (std::string& chunk : chunks_) {
    if (count == parts.size()) break;
    parts[count++] = {chunk.data() + skip, chunk.size() - skip};
    skip = 0;
  }
  return writev(output_.native_handle(), parts.data(), static_cast<int>(count));
}

void LineWriter::written(std::size_t size) {
  queued_ -= size;
  front_written_ += size;
  while (!chunks_.empty() && front_written_ >= chunks_.front().size()) {
    front_written_ -= chunks_.front().size();
    spare_ = std::move(chunks_.front());
    chunks_.pop_front();
    if (spare_.capacity() > 2 * kChunk) spare_ = {};
    spare_.clear();
  }
}

void LineWriter::wait_until_writable() {
  if (may_grow_ && chunks_.front().size() >= kChunk) room_.enlarge(output_.native_handle());
  output_.async_wait(asio::posix::descriptor_base::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    // An error of the wait shows at the write as well, unless the descriptor was closed, which comes with stop().
    if (error != asio::error::operation_aborted) self->flush();
  });
}

Task<bool> LineWriter::drain(std::chrono::steady_clock::time_point deadline) {
  if (queued_ == 0) co_return true;
  if (!drained_) drained_ = std::make_shared<Event>(executor_);
  const auto drained = drained_;
  co_return co_await drained->wait_until(deadline);
}

void LineWriter::stop() {
  end();
}

void LineWriter::end() {
  ended_ = true;
  chunks_.clear();
  queued_ = front_written_ = 0;
  if (drained_) std::exchange(drained_, nullptr)->set();
}

}  // namespace mcp

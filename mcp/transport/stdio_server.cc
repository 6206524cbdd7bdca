#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <string>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/rpc/batch.h"
#include "mcp/transport/line_reader.h"
#include "mcp/transport/line_writer.h"
#include "mcp/transport/message_pipe.h"

namespace mcp {

namespace {

namespace asio = boost::asio;

/// A descriptor that may be made non-blocking although others hold it too. O_NONBLOCK belongs to the open file, which a terminal
/// shares with the shell and with our own standard error: so pipes and terminals are opened a second time, and where that does not
/// work the flags are put back at the end.
class SharedDescriptor {
 public:
  SharedDescriptor(const Executor& executor, int fd, int mode) : stream(executor) {
    int own = reopen(fd, mode);
    if (own < 0) {
      own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
      old_flags_ = own < 0 ? -1 : fcntl(own, F_GETFL);
    }
    boost::system::error_code error;
    if (own >= 0) stream.assign(own, error);
    if (error) ::close(own);
  }

  ~SharedDescriptor() { close(); }
  SharedDescriptor(const SharedDescriptor&) = delete;
  SharedDescriptor& operator=(const SharedDescriptor&) = delete;

  void close() {
    if (!stream.is_open()) return;
    if (old_flags_ >= 0) fcntl(stream.native_handle(), F_SETFL, old_flags_);
    boost::system::error_code ignored;
    stream.close(ignored);
  }

  asio::posix::stream_descriptor stream;

 private:
  static int reopen(int fd, int mode) {
    struct stat info{};
    const bool reopens = fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || isatty(fd) == 1);
    if (!reopens) return -1;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  }

  int old_flags_ = -1;
};

class StdioServer final : public MessagePipe, public std::enable_shared_from_this<StdioServer> {
 public:
  StdioServer(const Executor& executor, int input, int output, std::size_t max_message, std::size_t max_queued)
      : executor_(executor),
        max_message_(max_message),
        max_queued_(max_queued),
        input_(executor, input, O_RDONLY),
        output_(executor, output, O_WRONLY) {}

  ~StdioServer() override { close(); }

  void open(Receiver receiver) override;

  bool send(Message message) override { return writer_ && !closed_ && writer_->write(std::move(message)); }

  bool send_batch(std::string_view text) override { return writer_ && !closed_ && writer_->write_line(text); }

  Task<void> drain() override {
    const auto writer = writer_;
    if (writer) co_await writer->drain(std::chrono::steady_clock::time_point::max());
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    if (reader_) reader_->stop();
    if (writer_) writer_->stop();
    input_.close();
    output_.close();
    // What the receiver's functions hold may hold us; one of them may be running.
    if (const auto self = weak_from_this().lock()) asio::post(executor_, [self] { self->receiver_ = {}; });
  }

 private:
  void on_line(LineBuffer::Line line);
  void peer_gone();

  const Executor executor_;
  const std::size_t max_message_, max_queued_;
  SharedDescriptor input_, output_;
  Receiver receiver_;
  std::shared_ptr<LineReader> reader_;
  std::shared_ptr<LineWriter> writer_;
  bool closed_ = false, told_ = false;
};

void StdioServer::open(Receiver receiver) {
  receiver_ = std::move(receiver);
  if (closed_) return;
  const auto on_write_error = [this] {
    reader_->stop();
    peer_gone();
  };
  const auto on_end = [this](std::string_view rest) {
    if (rest.find_first_not_of(" \t\r") != std::string_view::npos) log_warn("downstream", "input ended in the middle of a line");
    peer_gone();
  };
  writer_ = std::make_shared<LineWriter>(output_.stream, max_queued_, on_write_error);
  reader_ = std::make_shared<LineReader>(
      input_.stream, max_message_, LineReader::Receiver{[this](LineBuffer::Line line) { on_line(std::move(line)); }, on_end});
  reader_->start();
}

void StdioServer::on_line(LineBuffer::Line line) {
  const auto self = shared_from_this();  // the receiver may let go of us
  if (line.cut) {
    return receiver_.on_invalid({ErrorCode::too_large, "a message is longer than " + std::to_string(max_message_) + " bytes."});
  }
  if (line.text.find_first_not_of(" \t\r") == std::string::npos) return;
  if (receiver_.on_batch && is_batch(line.text)) return receiver_.on_batch(std::move(line.text));
  auto message = Message::parse(std::move(line.text));
  if (!message) return receiver_.on_invalid(message.error());
  receiver_.on_message(*std::move(message));
}

void StdioServer::peer_gone() {
  const auto self = shared_from_this();
  if (!std::exchange(told_, true)) receiver_.on_closed();
}

}  // namespace

std::shared_ptr<MessagePipe> make_stdio_server(
    const Executor& executor, int input, int output, std::size_t max_message, std::size_t max_queued) {
  signal(SIGPIPE, SIG_IGN);
  return std::make_shared<StdioServer>(executor, input, output, max_message, max_queued);
}

}  // namespace mcp

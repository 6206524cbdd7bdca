#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <thread>

#include "mcp/process/unique_fd.h"
#include "mcp/transport/message_pipe.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;

std::string note(const std::string& text) {
  return R"({"jsonrpc":"2.0","method":"n","params":{"t":")" + text + "\"}}";
}

Message note_message(const std::string& text) {
  return Message::notification("n", R"({"t":")" + text + "\"}");
}

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    read = UniqueFd(fds[0]);
    write = UniqueFd(fds[1]);
  }
  UniqueFd read, write;
};

std::string read_to_end(int fd) {
  std::string text;
  char chunk[4096];
  for (ssize_t n = 0; (n = read(fd, chunk, sizeof chunk)) > 0;)
    text.append(chunk, static_cast<std::size_t>(n));
  return text;
}

void write_text(int fd, const std::string& text) {
  EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

class StdioServerTest : public testing::Test {
 protected:
  ~StdioServerTest() override { unlink(file_name_); }

  void serve(int input, int output, std::size_t max_message = 1000, std::size_t max_queued = 10'000'000) {
    server_ = make_stdio_server(loop_.get_executor(), input, output, max_message, max_queued);
    MessagePipe::Receiver receiver;
    receiver.on_message = [this](Message message) { messages_.emplace_back(message.text()); };
    receiver.on_invalid = [this](const Error& error) { invalid_.push_back(error.code); };
    receiver.on_closed = [this] { ++closed_; };
    server_->open(std::move(receiver));
  }

  void wait_closed() {
    run_until(loop_, [this] { return closed_ > 0; });
  }

  UniqueFd file(const std::string& content) {
    const int fd = mkstemp(file_name_);
    write_text(fd, content);
    lseek(fd, 0, SEEK_SET);
    return UniqueFd(fd);
  }

  asio::io_context loop_;
  std::shared_ptr<MessagePipe> server_;
  std::vector<std::string> messages_;
  std::vector<ErrorCode> invalid_;
  int closed_ = 0;
  char file_name_[40] = "/tmp/switchyard-stdio-XXXXXX";
};

TEST_F(StdioServerTest, LinesComeInAndMessagesGoOut) {
  Pipe in, out;
  serve(in.read.get(), out.write.get());
  write_text(in.write.get(), note("1") + "\n\n" + note("2") + "\r\n");
  EXPECT_TRUE(server_->send(note_message("a")));
  EXPECT_TRUE(server_->send(note_message("b")));
  run_task(loop_, server_->drain());
  in.write.reset();
  wait_closed();
  EXPECT_THAT(messages_, ElementsAre(note("1"), note("2")));
  // Who has said all still hears the rest.
  EXPECT_TRUE(server_->send(note_message("c")));
  run_task(loop_, server_->drain());
  server_->close();
  EXPECT_FALSE(server_->send(note_message("d")));
  out.write.reset();
  EXPECT_EQ(read_to_end(out.read.get()), note("a") + "\n" + note("b") + "\n" + note("c") + "\n");
  EXPECT_EQ(closed_, 1);
}

TEST_F(StdioServerTest, WhatIsNoMessageIsReportedAndSkipped) {
  Pipe in, out;
  serve(in.read.get(), out.write.get(), 200);
  write_text(in.write.get(), "hello\n[]\n" + note(std::string(300, 'x')) + "\n" + note("ok") + "\n" + note("half"));
  in.write.reset();
  wait_closed();
  EXPECT_THAT(messages_, ElementsAre(note("ok")));
  EXPECT_THAT(invalid_, ElementsAre(ErrorCode::parse_error, ErrorCode::invalid_request, ErrorCode::too_large));
}

TEST_F(StdioServerTest, ReadsFromAFileAndFromNothing) {
  const UniqueFd input = file(note("1") + "\n" + note("2") + "\n");
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  serve(input.get(), null.get());
  wait_closed();
  EXPECT_THAT(messages_, ElementsAre(note("1"), note("2")));
  server_->close();
  closed_ = 0;
  serve(null.get(), null.get());
  wait_closed();
}

TEST_F(StdioServerTest, WritesToAFile) {
  const UniqueFd output = file("");
  const Pipe in;
  serve(in.read.get(), output.get());
  server_->send(note_message("1"));
  run_task(loop_, server_->drain());
  const UniqueFd written(open(file_name_, O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_to_end(written.get()), note("1") + "\n");
}

TEST_F(StdioServerTest, AClosedDescriptorIsAClosedPeer) {
  serve(-1, -1);
  wait_closed();
}

TEST_F(StdioServerTest, APeerThatDoesNotReadMeetsTheLimit) {
  const Pipe in, out;
  serve(in.read.get(), out.write.get(), 1000, 1'000'000);
  const std::string text(99'000, 'x');
  int taken = 0;
  while (server_->send(note_message(text)))
    ++taken;
  EXPECT_EQ(taken, 10);
  loop_.poll();  // fills the pipe
  while (server_->send(note_message(text)))
    ++taken;
  EXPECT_LT(taken, 12);
  std::string received;
  std::thread reader([&] {
    char chunk[65536];
    while (received.size() < static_cast<std::size_t>(taken) * (note(text).size() + 1))
      received.append(chunk, static_cast<std::size_t>(read(out.read.get(), chunk, sizeof chunk)));
  });
  run_task(loop_, server_->drain());
  reader.join();
  std::string expected;
  for (int i = 0; i < taken; ++i)
    expected += note(text) + "\n";
  EXPECT_TRUE(received == expected);
}

TEST_F(StdioServerTest, APeerThatIsGoneClosesOnce) {
  const Pipe in;
  Pipe out;
  serve(in.read.get(), out.write.get());
  out.read.reset();
  server_->send(note_message("x"));
  wait_closed();
  EXPECT_FALSE(server_->send(note_message("y")));
  run_task(loop_, server_->drain());
  EXPECT_EQ(closed_, 1);
}

TEST_F(StdioServerTest, MayBeLetGoOfFromInsideACallback) {
  Pipe in, out;
  serve(in.read.get(), out.write.get());
  server_->close();
  server_ = make_stdio_server(loop_.get_executor(), in.read.get(), out.write.get(), 1000, 1000);
  MessagePipe::Receiver receiver;
  receiver.on_message = [this](Message message) {
    messages_.emplace_back(message.text());
    server_->close();
    server_.reset();
  };
  server_->open(std::move(receiver));
  write_text(in.write.get(), note("1") + "\n" + note("2") + "\n");
  run_until(loop_, [&] { return !messages_.empty(); });
  loop_.poll();
  EXPECT_THAT(messages_, ElementsAre(note("1")));
}

bool non_blocking(int fd) {
  return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

TEST_F(StdioServerTest, ATerminalStaysBlockingForTheOthersWhoHoldIt) {
  const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_EQ(grantpt(master.get()), 0);
  ASSERT_EQ(unlockpt(master.get()), 0);
  const UniqueFd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_GE(terminal.get(), 0);
  serve(terminal.get(), terminal.get());
  write_text(master.get(), note("typed") + "\n");
  run_until(loop_, [&] { return !messages_.empty(); });
  EXPECT_THAT(messages_, ElementsAre(note("typed")));
  EXPECT_FALSE(non_blocking(terminal.get()));
}

TEST_F(StdioServerTest, ASocketGetsItsFlagsBack) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd ours(fds[0]), theirs(fds[1]);
  serve(ours.get(), ours.get());
  write_text(theirs.get(), note("1") + "\n");
  run_until(loop_, [&] { return !messages_.empty(); });
  server_->send(note_message("2"));
  run_task(loop_, server_->drain());
  server_->close();
  EXPECT_FALSE(non_blocking(ours.get()));
}

}  // namespace
}  // namespace mcp

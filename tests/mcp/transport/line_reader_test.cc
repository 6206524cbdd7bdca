#include "mcp/transport/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace mcp {
namespace {

namespace asio = boost::asio;

/// Reads a pipe that the test fills before it starts.
class LineReaderTest : public testing::Test {
 protected:
  void fill(const std::string& text) { ASSERT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size())); }

  std::shared_ptr<LineReader> make(const std::function<void()>& on_line = [] {}) {
    const LineReader::Receiver receiver{[this, on_line](LineBuffer::Line line) {
                                          lines_.push_back(std::move(line.text));
                                          on_line();
                                        },
                                        [this](std::string_view rest) {
                                          rest_ = rest;
                                          ended_ = true;
                                        }};
    return std::make_shared<LineReader>(input_, 1'000'000, receiver);
  }

  void SetUp() override {
    ASSERT_EQ(pipe(ends_), 0);
    input_.assign(ends_[0]);
  }

  void TearDown() override { close(ends_[1]); }

  asio::io_context loop_{1};
  int ends_[2] = {-1, -1};
  asio::posix::stream_descriptor input_{loop_};
  std::vector<std::string> lines_;
  std::string rest_;
  bool ended_ = false;
};

std::string numbers(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += std::to_string(i) + "\n";
  return text;
}

TEST_F(LineReaderTest, OthersHaveTheirTurnAmongTheLinesOfOneRead) {
  constexpr std::size_t kLines = 10'000;
  fill(numbers(kLines));
  std::size_t most = 0, seen = 0;
  std::function<void()> other = [&] {
    most = std::max(most, lines_.size() - seen);
    seen = lines_.size();
    if (seen < kLines) asio::post(loop_, other);
  };
  const auto reader = make();
  reader->start();
  other();
  while (seen < kLines)
    loop_.run_one();
  EXPECT_LE(most, 1000U);
  for (std::size_t i = 0; i < kLines; ++i)
    ASSERT_EQ(lines_[i], std::to_string(i));
  reader->stop();
}

TEST_F(LineReaderTest, TheEndComesAfterTheLastLine) {
  fill(numbers(5000) + "half");
  close(std::exchange(ends_[1], -1));
  const auto reader = make();
  reader->start();
  loop_.run();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(lines_.size(), 5000U);
  EXPECT_EQ(rest_, "half");
}

TEST_F(LineReaderTest, StopsAtEveryLine) {
  for (const std::size_t last : {1U, 255U, 256U, 257U}) {
    lines_.clear();
    fill(numbers(1000));
    std::shared_ptr<LineReader> reader;
    reader = make([&] {
      if (lines_.size() == last) reader->stop();
    });
    reader->start();
    loop_.restart();
    loop_.run();
    EXPECT_EQ(lines_.size(), last);
  }
  EXPECT_FALSE(ended_);
}

TEST_F(LineReaderTest, ALongLineMakesItsPipeLarge) {
  const int usual = fcntl(ends_[1], F_GETPIPE_SZ);
  const auto reader = make();
  reader->let_pipe_grow();
  reader->start();
  fill(numbers(1000));
  loop_.run_one();
  EXPECT_EQ(fcntl(ends_[1], F_GETPIPE_SZ), usual);
  fill(std::string(static_cast<std::size_t>(usual), 'x'));
  loop_.run_one();
  loop_.poll();
  EXPECT_EQ(fcntl(ends_[1], F_GETPIPE_SZ), 1 << 20);
  reader->stop();
}

}  // namespace
}  // namespace mcp

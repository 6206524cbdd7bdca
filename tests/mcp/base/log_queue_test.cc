#include "mcp/base/log_queue.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/line_pipe.h"

namespace mcp {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Not;

constexpr milliseconds kLong{20'000};
constexpr milliseconds kShort{20};
constexpr std::size_t kPiece = PIPE_BUF;
constexpr std::size_t kCapacity = std::size_t{64} << 10;

std::string loss_text(std::uint64_t lost) {
  return "lost " + std::to_string(lost);
}

/// A queue and the pipe that it fills; what was not read at the end is given up.
struct PipedQueue {
  explicit PipedQueue(std::size_t capacity = kCapacity, int flags = 0) : pipe(flags), queue(pipe.writer(), capacity, loss_text) {}
  ~PipedQueue() { pipe.close_reader(); }
  PipedQueue(const PipedQueue&) = delete;
  PipedQueue& operator=(const PipedQueue&) = delete;

  LinePipe pipe;
  LogQueue queue;
};

/// "NUMBER xxxx…", of this size.
std::string numbered(std::size_t number, std::size_t size) {
  std::string line = std::to_string(number) + " ";
  return line + std::string(size - line.size(), 'x');
}

/// Long ones and short ones, 100 bytes in the mean.
std::string numbered(std::size_t number) {
  return numbered(number, number % 2 == 0 ? 180 : 20);
}

/// More than a pipe of any size and the queue hold.
constexpr std::size_t kFlood = 20'000;

void flood(LogQueue& queue) {
  for (std::size_t i = 0; i < kFlood; ++i)
    queue.push(numbered(i));
}

/// Reads a flood: every line is there or among those that are told to be lost, in its place.
void expect_flood(LinePipe& pipe) {
  std::size_t next = 0;
  std::size_t bytes = 0;
  bool lost = false;
  while (next < kFlood) {
    const std::string line = pipe.read_line();
    if (line.starts_with("lost ")) {
      EXPECT_TRUE(lost || bytes + numbered(next).size() + 1 > kCapacity) << "the queue was not full: " << bytes;
      next += std::stoul(line.substr(5));
      lost = true;
    } else {
      ASSERT_EQ(line, numbered(next));
      bytes += line.size() + 1;
      ++next;
    }
  }
  EXPECT_EQ(next, kFlood);
  EXPECT_TRUE(lost);
}

TEST(LogQueueTest, LinesComeInOrder) {
  PipedQueue piped;
  auto& [pipe, queue] = piped;
  for (std::size_t round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < 100; ++i)
      queue.push(numbered(i));
    for (std::size_t i = 0; i < 100; ++i)
      ASSERT_EQ(pipe.read_line(), numbered(i));
    EXPECT_TRUE(queue.flush(kLong));
  }
}

TEST(LogQueueTest, APipeThatNobodyReadsHoldsNobodyUpAndWhatIsLostIsTold) {
  PipedQueue piped;
  auto& [pipe, queue] = piped;
  flood(queue);
  EXPECT_FALSE(queue.flush(kShort));
  expect_flood(pipe);
  EXPECT_TRUE(queue.flush(kLong));
  queue.push("after");
  EXPECT_EQ(pipe.read_line(), "after");
  flood(queue);
  expect_flood(pipe);
}

TEST(LogQueueTest, NothingIsWaitedForAgainWhereNothingWasRead) {
  PipedQueue piped;
  auto& [pipe, queue] = piped;
  flood(queue);
  EXPECT_FALSE(queue.flush(kShort));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(queue.flush(kLong));
  EXPECT_LT(std::chrono::steady_clock::now() - before, kLong);
  expect_flood(pipe);
  EXPECT_TRUE(queue.flush(kLong)) << "somebody reads again";
}

TEST(LogQueueTest, WhatIsQueuedIsWrittenBeforeTheEnd) {
  LinePipe pipe;
  std::vector<std::string> lines;
  std::thread reader([&] {
    for (std::string line = pipe.read_line(); !line.empty(); line = pipe.read_line())
      lines.push_back(std::move(line));
  });
  {
    LogQueue queue(pipe.writer(), std::size_t{1} << 20, loss_text);
    for (std::size_t i = 0; i < 5000; ++i)
      queue.push(numbered(i));
  }
  pipe.close_writer();
  reader.join();
  ASSERT_EQ(lines.size(), 5000U);
  EXPECT_EQ(lines.back(), numbered(4999));
}

TEST(LogQueueTest, ThreadsKeepTheirOrder) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 2000;
  PipedQueue piped(std::size_t{1} << 20);
  auto& [pipe, queue] = piped;
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&queue, thread] {
      for (std::size_t i = 0; i < kLines; ++i)
        queue.push(std::to_string(thread) + numbered(i));
    });
  }
  std::vector<std::size_t> next(kThreads, 0);
  for (std::size_t read = 0; read < kThreads * kLines; ++read) {
    const std::string line = pipe.read_line();
    ASSERT_FALSE(line.empty());
    const auto thread = static_cast<std::size_t>(line.front() - '0');
    ASSERT_LT(thread, kThreads) << line;
    ASSERT_EQ(line.substr(1), numbered(next[thread]++));
  }
}

TEST(LogQueueTest, ThreadsThatFloodLoseNothingUntold) {
  constexpr std::size_t kThreads = 4;
  PipedQueue piped(4096);
  auto& [pipe, queue] = piped;
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&queue] { flood(queue); });
  std::size_t accounted = 0;
  while (accounted < kThreads * kFlood) {
    const std::string line = pipe.read_line();
    ASSERT_FALSE(line.empty());
    accounted += line.starts_with("lost ") ? std::stoul(line.substr(5)) : 1;
  }
  EXPECT_EQ(accounted, kThreads * kFlood);
}

TEST(LogQueueTest, ALineLongerThanTheQueueIsLostAndTold) {
  PipedQueue piped;
  auto& [pipe, queue] = piped;
  queue.push("first");
  EXPECT_TRUE(queue.flush(kLong));  // its thread sleeps now
  queue.push(std::string(kCapacity, 'x'));
  EXPECT_TRUE(queue.flush(kLong));
  EXPECT_EQ(pipe.read_line(), "first");
  EXPECT_EQ(pipe.read_line(), "lost 1");
  queue.push(std::string(kCapacity - 1, 'x'));
  EXPECT_EQ(pipe.read_line(), std::string(kCapacity - 1, 'x'));
}

TEST(LogQueueTest, LinesAroundTheSizeOfAPieceStayWhole) {
  PipedQueue piped(std::size_t{1} << 20);
  auto& [pipe, queue] = piped;
  std::vector<std::size_t> sizes;
  for (const std::size_t size : {kPiece - 2, kPiece - 1, kPiece, kPiece + 1, 2 * kPiece, std::size_t{50'000}}) {
    for (const std::size_t other : {std::size_t{10}, std::size_t{2000}, std::size_t{2096}, kPiece})
      sizes.insert(sizes.end(), {other, size});
  }
  const std::jthread writer([&] {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      queue.push(numbered(i, sizes[i]));
  });
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(pipe.read_line(), numbered(i, sizes[i]));
}

TEST(LogQueueTest, WhatIsWrittenAtOnceIsWholeLines) {
  constexpr int kLines = 3000;
  PipedQueue piped(std::size_t{1} << 20, O_DIRECT);  // a read gives what one write brought
  auto& [pipe, queue] = piped;
  for (int i = 0; i < kLines; ++i)
    queue.push(numbered(static_cast<std::size_t>(i)));
  int lines = 0;
  int reads = 0;
  for (; lines < kLines; ++reads) {
    const std::string packet = pipe.read_some();
    ASSERT_THAT(packet, EndsWith("\n"));
    ASSERT_LE(packet.size(), kPiece);
    lines += static_cast<int>(std::ranges::count(packet, '\n'));
  }
  EXPECT_LT(reads, kLines / 10) << "many lines leave at once";
}

TEST(LogQueueTest, ADescriptorThatDoesNotBlockGetsEverything) {
  PipedQueue piped(kCapacity, O_NONBLOCK);
  auto& [pipe, queue] = piped;
  flood(queue);
  EXPECT_FALSE(queue.flush(kShort));
  expect_flood(pipe);
}

/// With SIGPIPE as it is at the start of a program.
TEST(LogQueueTest, AReaderThatIsGoneEndsNothing) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  LinePipe pipe;
  pipe.close_reader();
  {
    LogQueue queue(pipe.writer(), kCapacity, loss_text);
    flood(queue);
    EXPECT_TRUE(queue.flush(kLong));
  }
  std::signal(SIGPIPE, before);
}

/// The signals that each thread of this name blocks, as the system shows them.
std::vector<std::string> blocked_signals(const std::string& thread_name) {
  std::vector<std::string> masks;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    std::string mask;
    bool named = false;
    for (std::string line; std::getline(status, line);) {
      if (line == "Name:\t" + thread_name) named = true;
      if (line.starts_with("SigBlk:\t")) mask = line.substr(8);
    }
    if (named) masks.push_back(mask);
  }
  return masks;
}

TEST(LogQueueTest, ItsThreadTakesNoSignals) {
  PipedQueue piped;
  auto& [pipe, queue] = piped;
  queue.push("it runs");
  EXPECT_EQ(pipe.read_line(), "it runs");
  const auto masks = blocked_signals("log");
  ASSERT_THAT(masks, Not(IsEmpty()));
  for (const std::string& mask : masks) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD, SIGRTMAX})
      EXPECT_NE(std::stoull(mask, nullptr, 16) & (1ULL << static_cast<unsigned>(number - 1)), 0U) << number << ": " << mask;
  }
}

TEST(LogQueueTest, TheOneThatStartsItKeepsItsSignals) {
  sigset_t before{}, after{};
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  const PipedQueue piped;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < NSIG; ++number)
    EXPECT_EQ(sigismember(&after, number), sigismember(&before, number)) << number;
}

}  // namespace
}  // namespace mcp

#include "mcp/process/pipe_room.h"

#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <gtest/gtest.h>

namespace mcp {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  int size() const { return fcntl(ends_[0], F_GETPIPE_SZ); }
  PipeRoom room;

 private:
  int ends_[2] = {-1, -1};
};

constexpr int kLarge = 1 << 20;

int large_of(std::deque<Pipe>& pipes, int count) {
  int large = 0;
  for (int i = 0; i < count; ++i) {
    Pipe& pipe = pipes.emplace_back();
    pipe.room.enlarge(pipe.writer());
    large += pipe.size() == kLarge ? 1 : 0;
  }
  return large;
}

TEST(PipeRoomTest, SixteenPipesOfAProcessAreLargeAtATime) {
  std::deque<Pipe> pipes;
  EXPECT_EQ(large_of(pipes, 20), 16);
  pipes.pop_front();
  pipes.back().room.enlarge(pipes.back().writer());
  EXPECT_EQ(pipes.back().size(), kLarge) << "what is given back can be had";
  EXPECT_EQ(large_of(pipes, 1), 0);
  pipes.clear();
  EXPECT_EQ(large_of(pipes, 17), 16);
}

TEST(PipeRoomTest, WhatIsLargeOrNoPipeTakesNothing) {
  std::deque<Pipe> pipes(20);
  for (Pipe& pipe : pipes) {
    ASSERT_GE(fcntl(pipe.writer(), F_SETPIPE_SZ, kLarge), kLarge);
    pipe.room.enlarge(pipe.writer());
    PipeRoom().enlarge(-1);
  }
  Pipe another;
  another.room.enlarge(another.writer());
  EXPECT_EQ(another.size(), kLarge);
}

}  // namespace
}  // namespace mcp

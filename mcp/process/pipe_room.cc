#include "mcp/process/pipe_room.h"

#include <fcntl.h>

#include <atomic>

namespace mcp {

namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20;
constexpr std::size_t kAll = std::size_t{16} << 20;

std::atomic<std::size_t> used = 0;

bool take_room() {
  std::size_t before = used;
  while (before + kLarge <= kAll) {
    if (used.compare_exchange_weak(before, before + kLarge)) return true;
  }
  return false;
}

}  // namespace

PipeRoom::~PipeRoom() {
  used -= taken_;
}

void PipeRoom::enlarge(int pipe) {
  if (settled_) return;
  const int size = fcntl(pipe, F_GETPIPE_SZ);
  settled_ = size < 0 || static_cast<std::size_t>(size) >= kLarge;
  if (settled_ || !take_room()) return;
  settled_ = true;
  taken_ = kLarge;
  if (fcntl(pipe, F_SETPIPE_SZ, static_cast<int>(kLarge)) >= 0) return;
  used -= taken_;
  taken_ = 0;
}

}  // namespace mcp

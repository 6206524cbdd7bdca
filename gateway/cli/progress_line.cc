#include "gateway/cli/progress_line.h"

#include <ostream>
#include <utility>

#include "gateway/cli/text.h"

namespace gateway {

namespace {

constexpr std::size_t kWidest = 79;
constexpr auto kTick = std::chrono::milliseconds(500);
constexpr const char* kWipe = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(std::ostream& out, bool shown, std::string text, Clock::duration after)
    : out_(out), text_(std::move(text)) {
  if (shown) thread_ = std::thread([this, after] { run(after); });
}

ProgressLine::~ProgressLine() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ProgressLine::set(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
}

void ProgressLine::run(Clock::duration after) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, after, [this] { return ended_; })) return;
  do {
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_);
    const std::string time = " (" + duration_text(taken) + ")";
    // The cursor goes back, so that a log line that comes between starts at the margin.
    out_ << kWipe << cut_to_width(clean_line(text_), kWidest - time.size()) << time << "\r" << std::flush;
  } while (!changed_.wait_for(lock, kTick, [this] { return ended_; }));
  out_ << kWipe << std::flush;
}

}  // namespace gateway

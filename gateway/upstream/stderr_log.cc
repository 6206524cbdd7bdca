#include "gateway/upstream/stderr_log.h"

#include <chrono>
#include <utility>

#include "mcp/base/log.h"

namespace gateway {

namespace {

constexpr double kBurst = 100;
constexpr double kPerSecond = 100;
constexpr auto kTellAfter = std::chrono::seconds(5);

}  // namespace

StderrLog::StderrLog(const mcp::Executor& executor, LiveSpecPtr server)
    : server_(std::move(server)), allowed_(kBurst, kPerSecond), timer_(executor) {}

StderrLog::~StderrLog() {
  tell_left_out();
}

void StderrLog::add(std::string_view line) {
  if (!allowed_.take(mcp::TokenBucket::Clock::now())) return leave_out();
  mcp::log_info("stderr", server_->redaction().clean(line), {{"server", server_->name()}});
}

void StderrLog::leave_out() {
  if (left_out_++ > 0) return;
  timer_.expires_after(kTellAfter);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->tell_left_out();
  });
}

void StderrLog::tell_left_out() {
  if (left_out_ == 0) return;
  const auto lines = static_cast<std::int64_t>(std::exchange(left_out_, 0));
  mcp::log_info("stderr", "lines left out: the server prints too many", {{"server", server_->name()}, {"lines", lines}});
}

}  // namespace gateway

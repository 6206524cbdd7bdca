#include "mcp/process/child_state.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string_view>

#include "mcp/base/log.h"

namespace mcp {

namespace asio = boost::asio;

std::string ChildExit::text() const {
  const auto signal_text = [](int number) {
    const char* name = sigdescr_np(number);
    return "signal " + std::to_string(number) + " (" + (name != nullptr ? name : "unknown") + ")";
  };
  if (!code) return signal_text(signal.value_or(0));
  constexpr int kSignalled = 128;
  const bool unsure = relayed && *code > kSignalled && *code < kSignalled + NSIG;
  return "exit code " + std::to_string(*code) +
         (unsure ? ", by which a sandbox also tells " + signal_text(*code - kSignalled) : std::string());
}

void GuardianControl::order(char letter) {
  // It fails only where the guardian is gone already, or has not read thousands of orders.
  if (write(fd_.get(), &letter, 1) < 0) return;
}

ChildState::ChildState(const Executor& executor) : started(executor), ended(executor), gone(executor), status_(executor) {}

void ChildState::watch(UniqueFd status, pid_t guardian_pid) {
  guardian = guardian_pid;
  boost::system::error_code error;
  status_.assign(status.get(), error);
  if (error) return on_end_of_reports();
  status.release();
  read_more();
}

void ChildState::read_more() {
  status_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
    if (error) return self->on_end_of_reports();
    self->unfinished_.append(self->chunk_.data(), size);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = self->unfinished_.find('\n', begin)) != std::string::npos; begin = end + 1)
      self->on_line(std::string_view(self->unfinished_).substr(begin, end - begin));
    self->unfinished_.erase(0, begin);
    self->read_more();
  });
}

void ChildState::on_line(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  std::string_view rest = line.substr(std::min(word.size() + 1, line.size()));
  if (word == "denied") return on_denied_line(rest);
  int number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
  if (word == "pid") {
    pid = number;
    started.set();
  } else if (word == "spawn") {
    failed_errno = number;
    failed_stage = rest.empty() ? "exec" : rest.substr(1);
    started.set();
  } else if (word == "exit" || word == "signal" || word == "relayed") {
    exit.emplace();
    exit->relayed = word == "relayed";
    (word == "signal" ? exit->signal : exit->code) = number;
    ended.set();
  } else if (word == "left") {
    log_error("process", "processes of a child could not be killed", {{"pid", std::int64_t{pid}}, {"left", std::int64_t{number}}});
  }
}

void ChildState::on_denied_line(std::string_view denied) const {
  const std::string_view kind = denied.substr(0, denied.find(' '));
  const std::string_view what = denied.substr(std::min(kind.size() + 1, denied.size()));
  if (!on_denied || what.empty()) return;
  on_denied({kind == "connect" ? Denial::Kind::connect : Denial::Kind::write, std::string(what)});
}

void ChildState::on_end_of_reports() {
  boost::system::error_code ignored;
  status_.close(ignored);
  reports_ended_ = true;
  if (pid > 0 && !exit) {
    // The guardian itself was killed, and its program with it; what shares the program's group still can be.
    ::kill(-pid, SIGKILL);
    exit.emplace();
    exit->signal = SIGKILL;
  }
  started.set();
  ended.set();
  if (reaped_) gone.set();
}

void ChildState::guardian_ended(int) {
  reaped_ = true;
  if (reports_ended_) gone.set();
}

}  // namespace mcp

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "mcp/base/event.h"
#include "mcp/process/child_process.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

/// Our end of a guardian's control pipe. Orders may be given from any thread; the pipe closes with the last holder.
class GuardianControl {
 public:
  explicit GuardianControl(UniqueFd fd) : fd_(std::move(fd)) {}

  void terminate() { order('t'); }
  void kill() { order('k'); }

 private:
  void order(char letter);

  const UniqueFd fd_;
};

/// What a guardian reports about its program. Outlives the ChildProcess where somebody still waits. Loop thread only.
class ChildState : public std::enable_shared_from_this<ChildState> {
 public:
  explicit ChildState(const Executor& executor);

  /// Reads reports from here on, until the guardian is gone.
  void watch(UniqueFd status, pid_t guardian);

  /// Set before watch(): ChildSpec::on_denied.
  std::function<void(const Denial&)> on_denied;

  /// The guardian was reaped, with this wait status.
  void guardian_ended(int wait_status);

  pid_t pid = -1;
  pid_t guardian = -1;
  std::string failed_stage;  // set when the program could not be started, with
  int failed_errno = 0;
  std::optional<ChildExit> exit;

  Event started;  // pid or failed_stage is known, or the guardian is gone
  Event ended;    // `exit` is known
  Event gone;     // nothing of the tree is left

 private:
  void read_more();
  void on_line(std::string_view line);
  void on_denied_line(std::string_view denied) const;
  void on_end_of_reports();

  boost::asio::posix::stream_descriptor status_;
  std::array<char, 256> chunk_{};
  std::string unfinished_;
  bool reports_ended_ = false, reaped_ = false;
};

}  // namespace mcp

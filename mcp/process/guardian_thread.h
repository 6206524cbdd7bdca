#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/result.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

/// What a guardian is started with. `args` may name `control` and `status` by their numbers, which stay the same in the guardian;
/// it gets no other descriptor of ours but these.
struct GuardianSpec {
  std::string guardian;
  std::vector<std::string> args;
  std::vector<std::string> env;
  UniqueFd in, out, err;  // become its 0, 1 and 2
  UniqueFd control, status;
  UniqueFd record;       // may be none
  UniqueFd environment;  // of a confined program; else none
};

/// The thread on which guardians are forked and waited for. One of its own because
/// - Boost.Process v2 forks, and the child walks through the io_context it was launched on: were other threads running that
///   context, the child could inherit a locked mutex and never reach exec;
/// - forking a large process takes milliseconds, which the loop does not have.
///
/// All members are for that thread only, run() excepted.
class GuardianThread {
 public:
  virtual ~GuardianThread() = default;  // waits for the guardians still running, at most 15 s, then kills them

  /// Runs `work` on the thread. Any thread.
  virtual void run(std::move_only_function<void()> work) = 0;

  /// Starts a guardian; the pid of it, or overloaded or spawn_failed. `ended` runs on this thread once it was reaped, with its wait
  /// status (-1 when that is not to be had).
  virtual Result<pid_t> start(GuardianSpec spec, std::function<void(int status)> ended) = 0;
};

std::unique_ptr<GuardianThread> make_guardian_thread();

}  // namespace mcp

#pragma once

#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace mcp {

/// Something a sandbox kept its program from, though its user could do it outside.
struct Denial {
  enum class Kind { write, connect };
  Kind kind = Kind::write;
  std::string what;  // the path; the address and port
};

/// What to run. Nothing goes through a shell.
struct ChildSpec {
  std::string command;  // a path, or a name looked up in the PATH of `env`
  std::vector<std::string> args;
  std::vector<std::string> env;  // the whole environment, "NAME=value"
  std::string cwd;               // "" = ours

  /// Called first, on the launcher's thread, where it may block: puts another program in the place of the one that is named, or
  /// refuses the start. It is given the folder of our own programs.
  std::function<Result<>(ChildSpec& spec, const std::string& programs)> prepare = {};
  /// The program is bubblewrap, and what it runs is switchyard-confine, which runs the program that was meant. Then pid() is that
  /// one's, as we see it; `env` is for that program alone, the guardian and bubblewrap have one of their own; start errors are
  /// sandbox_unavailable where the sandbox could not be made.
  bool confined = false;
  std::string shown = {};  // what to call the program in errors; "": the command
  /// What the sandbox of a confined program denies, each thing once. On the loop; the launcher keeps it as long as the child.
  std::function<void(const Denial&)> on_denied = {};
};

/// How a program ended: exactly one of `code` and `signal` is set.
struct ChildExit {
  std::optional<int> code;
  std::optional<int> signal;
  /// The code is bubblewrap's, which says 128 and more of a program that a signal ended, and so may have been a signal.
  bool relayed = false;

  /// "exit code 3", "signal 9 (Killed)", "exit code 139, by which a sandbox also tells signal 11 (Segmentation fault)".
  std::string text() const;
};

/// One running program and everything it started, under a guardian process of ours (switchyard-guardian): the guardian is the
/// sub-reaper of the whole tree, ends it (SIGTERM, 1.5 s, SIGKILL) when the program ends, when we ask, or when we die, however we
/// die; only then does it end itself. Should the guardian be killed, its tree is found by a mark and killed at once
/// (marked_tree.h); should we be killed with it, at the next start (child_records.h). Processes that ten seconds of SIGKILL do not
/// end are logged, counted and left. Loop thread only.
class ChildProcess {
 public:
  virtual ~ChildProcess() = default;  // a child that still runs is killed with its tree

  virtual pid_t pid() const = 0;  // the program's own
  virtual pid_t guardian_pid() const = 0;

  /// Our ends of the program's pipes, non-blocking.
  virtual boost::asio::posix::stream_descriptor& stdin_pipe() = 0;
  virtual boost::asio::posix::stream_descriptor& stdout_pipe() = 0;
  virtual boost::asio::posix::stream_descriptor& stderr_pipe() = 0;

  /// Set once the program itself has ended (what it started may still be dying).
  virtual const std::optional<ChildExit>& exit() const = 0;
  virtual Task<void> wait_exit() = 0;

  /// Returns when the guardian is gone, and nothing of the tree is left: the guardian knows, as its sub-reaper, or has been killed
  /// and a search by the mark found nothing more.
  virtual Task<void> wait_gone() = 0;

  /// The ladder: closes stdin; after `grace` SIGTERM to the tree; after `grace` again SIGKILL; returns when nothing is left.
  virtual Task<void> stop(std::chrono::steady_clock::duration grace) = 0;

  /// SIGKILL to the tree, at once; does not wait.
  virtual void kill() = 0;
};

/// Starts children, on a thread of its own (the reasons stand in guardian_thread.h). One per program; must outlive its children's
/// use, and end before the loop's io_context does.
class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;  // joins the thread; children still running are killed with their trees

  /// Starts the program. Errors: those of `prepare`; sandbox_unavailable; spawn_failed, naming the command and the reason ("command
  /// not found in PATH", "permission denied", "working directory … does not exist") with a remedy; overloaded, where the system is
  /// short of what a start takes; timeout, exited, where the guardian did not come to it. The pipes of the child belong to the
  /// executor of the calling coroutine.
  virtual Task<Result<std::shared_ptr<ChildProcess>>> launch(ChildSpec spec) = 0;

  /// How many programs were started since the beginning.
  virtual std::uint64_t spawned() const = 0;

  /// Processes of children that could not be ended, since the beginning. Any thread.
  virtual std::uint64_t left() const = 0;
};

struct ProcessLauncherOptions {
  std::string guardian;  // path of the switchyard-guardian program
  long open_files = 0;   // the soft limit on descriptors the children get, where ours was raised; 0: ours
  /// The folder for records of children (child_records.h), made where it is missing; "": none. What launchers that died with it
  /// have left running is ended before the first child starts.
  std::string records = {};
};

/// Sets SIGPIPE to be ignored: a child that closes its stdin must not end us.
std::unique_ptr<ProcessLauncher> make_process_launcher(ProcessLauncherOptions options);

}  // namespace mcp

// switchyard-guardian --version
// switchyard-guardian CONTROL STATUS FILES RECORD ENVIRONMENT MODE CWD PATH NAME [ARG]...
//
// Runs one program on its own descriptors 0 to 2 and answers for everything that program starts: as the sub-reaper of the tree it
// inherits what daemonises, and it ends only when no descendant is left. CONTROL and STATUS are descriptor numbers of two pipes to
// the launcher:
//
//   STATUS, written   "pid N"           the program runs
//                     "spawn ERRNO STAGE"  it could not be started (STAGE: fork, chdir, exec; of a confined one also
//                                       environment, limits, landlock, seccomp, and sandbox, where bubblewrap ended and said why on
//                                       standard error)
//                     "denied write PATH", "denied connect ADDRESS"  of a confined program, each thing once
//                     "exit CODE" or "signal NUMBER"  the program itself has ended; of a confined one bubblewrap says how, in a
//                                       code: "relayed CODE"
//                     "left N"          gave up on N processes that SIGKILL does not end
//   CONTROL, read     't' SIGTERM to the tree; 'k' SIGKILL to the tree;
//                     end of file (the launcher is dead or let go), like a SIGTERM to the guardian and like the end of the
//                     program: SIGTERM to what is left, 1.5 seconds, SIGKILL
//
// It ends with status 0 only where nothing is left of the tree. RECORD is the descriptor of a file to which it and the program add
// their pids (child_records.h), or -1. MODE is "plain" or "confined": then PATH is bubblewrap, which runs switchyard-confine,
// and ENVIRONMENT is the descriptor of a file with the program's variables, which are in nobody's environment before it (LD_PRELOAD
// among them would run code outside of the sandbox); else it is -1.
//
// A program of its own, small and without libraries, because it must outlive a gateway that was killed. In lists of processes its
// name is "mcp-guardian".
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "mcp/process/guardian/process_tree.h"
#include "mcp/process/guardian/program.h"
#include "mcp/process/guardian/watch.h"

namespace mcp {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTerminateGrace{1500};  // of a gateway that was killed nothing may be left two seconds later
constexpr milliseconds kKillAgain{50};
/// After this much killing, what is left cannot be killed (another user's, or stuck in the kernel).
constexpr milliseconds kGiveUp{10'000};

class Guardian {
 public:
  Guardian(const GuardianArguments& arguments, int signals)
      : control_(arguments.control), status_(arguments.status), signals_(signals), confined_(arguments.confined), watch_(status_) {}

  int run(const GuardianArguments& arguments);

 private:
  enum class Phase { running, ending, killing };

  void report(const char* word, long number, const char* more = "");
  int poll_timeout() const;
  void read_exec_pipe();
  void read_control();
  void read_signals();
  bool reap();
  void program_ended(int status);
  void end_tree();
  void kill_tree();

  /// Bubblewrap at SIGTERM would take all within along with SIGKILL.
  pid_t spared() const { return confined_ ? program_.pid : -1; }

  int control_, status_, signals_;
  const bool confined_;
  Program program_;
  Watch watch_;
  std::optional<pid_t> confined_pid_;
  bool started_ = false;
  Phase phase_ = Phase::running;
  Clock::time_point next_ = Clock::time_point::max();  // the next step of the phase
  Clock::time_point give_up_ = Clock::time_point::max();
};

void Guardian::report(const char* word, long number, const char* more) {
  char line[64];
  const int length = snprintf(line, sizeof line, "%s %ld%s%s\n", word, number, *more == '\0' ? "" : " ", more);
  // A launcher that is gone does not read; its end shows on the control pipe.
  if (write(status_, line, static_cast<std::size_t>(length)) < 0) return;
}

void release_standard_descriptors() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    if (null < 0 || dup2(null, fd) < 0) close(fd);
  }
  if (null > 2) close(null);
}

int Guardian::run(const GuardianArguments& arguments) {
  write_record(arguments.record, "guardian");
  program_ = start_program(arguments);
  if (program_.pid < 0) {
    report("spawn", errno, "fork");
    return 1;
  }
  release_standard_descriptors();
  while (reap()) {
    if (Clock::now() >= give_up_) {
      report("left", static_cast<long>(descendants().size()));
      return 1;
    }
    pollfd polled[] = {
        {signals_, POLLIN, 0}, {control_, POLLIN, 0}, {program_.exec_pipe, POLLIN, 0}, {watch_.descriptor(), POLLIN, 0}};
    poll(polled, 4, poll_timeout());
    if (polled[3].revents != 0) watch_.answer(polled[3].revents);
    if (polled[2].revents != 0) read_exec_pipe();
    if (polled[1].revents != 0) read_control();
    if (polled[0].revents != 0) read_signals();
    if (Clock::now() >= next_) kill_tree();
  }
  return 0;
}

int Guardian::poll_timeout() const {
  if (next_ == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next_ - Clock::now()).count();
  return static_cast<int>(std::max<long>(left, 0));
}

void Guardian::read_exec_pipe() {
  if (program_.exec_pipe < 0) return;
  const Execution execution = read_execution(program_, confined_);
  const bool nothing = execution.report.stage[0] == '\0';
  const bool runs = confined_ && strcmp(execution.report.stage, "run") == 0;
  // A confined program may yet fail to be executed: the descriptor closes with the execution.
  if (runs && !confined_pid_) {
    confined_pid_ = execution.sender;
    watch_.open(execution.watch);
    return;
  }
  if (!nothing) {
    report("spawn", execution.report.error, execution.report.stage);
  } else if (confined_ && !confined_pid_) {
    report("spawn", 0, "sandbox");
  } else {
    started_ = true;
    report("pid", confined_ ? *confined_pid_ : program_.pid);
  }
  close(program_.exec_pipe);
  program_.exec_pipe = -1;
}

void Guardian::read_control() {
  char orders[16];
  const ssize_t count = read(control_, orders, sizeof orders);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) {
    close(control_);
    control_ = -1;
    end_tree();
    return;
  }
  for (ssize_t i = 0; i < count; ++i) {
    if (orders[i] == 't') terminate_descendants(spared());
    if (orders[i] == 'k') kill_tree();
  }
}

void Guardian::read_signals() {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGCHLD) end_tree();
  }
}

/// Collects the dead. False when no descendant is left.
bool Guardian::reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0) return errno == EINTR;
    if (pid == program_.pid) program_ended(status);
  }
}

void Guardian::program_ended(int status) {
  while (program_.exec_pipe >= 0)
    read_exec_pipe();  // it may have ended before we came to read how it started
  program_.pid = -1;
  if (!started_) return;
  if (WIFSIGNALED(status)) {
    report("signal", WTERMSIG(status));
  } else {
    report(confined_ ? "relayed" : "exit", WEXITSTATUS(status));
  }
  end_tree();
}

void Guardian::end_tree() {
  if (phase_ != Phase::running) return;
  phase_ = Phase::ending;
  next_ = Clock::now() + kTerminateGrace;
  terminate_descendants(spared());
}

void Guardian::kill_tree() {
  const auto now = Clock::now();
  if (phase_ != Phase::killing) give_up_ = now + kGiveUp;
  phase_ = Phase::killing;
  next_ = now + kKillAgain;
  kill_descendants();
}

/// All signals wait in a descriptor, so that none interrupts the bookkeeping and none but SIGKILL and SIGSTOP does harm.
int open_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT})
    sigaddset(&wanted, number);
  return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace
}  // namespace mcp

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("switchyard-guardian " SWITCHYARD_VERSION) < 0 ? 1 : 0;
  const auto arguments = mcp::parse_arguments(argc, argv);
  if (!arguments) {
    fputs("switchyard-guardian is started by switchyard, not by hand.\n", stderr);
    return 2;
  }
  // Whoever kills "switchyard" by name means the gateway. Killed with it, nobody would be left to end the tree.
  prctl(PR_SET_NAME, "mcp-guardian");
  const int signals = mcp::open_signals();
  if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
  return mcp::Guardian(*arguments, signals).run(*arguments);
}

#include "mcp/process/guardian_thread.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/process.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "mcp/process/program_path.h"

namespace mcp {

namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;

using Process = process::basic_process<asio::io_context::executor_type>;

constexpr auto kLongestEnd = std::chrono::seconds(15);
constexpr unsigned kCloseRangeCloexec = 4;

/// What Boost.Process asks while it launches. The library's own closing of descriptors and look-up of programs are not used (1.81
/// closes the wrong ones): the child executes from here.
struct Initializer {
  const GuardianSpec& spec;
  std::vector<const char*> env;

  template <class Launcher, class Path>
  process::error_code on_setup(Launcher& launcher, const Path&, const char* const*&) {
    launcher.env = env.data();
    return {};
  }

  /// In the child, between fork and exec: system calls only.
  template <class Launcher, class Path>
  process::error_code on_exec_setup(Launcher& launcher, const Path& path, const char* const*& argv) {
    setpgid(0, 0);  // a terminal's Ctrl-C is for us to hear and to pass on
    for (int number = 1; number < NSIG; ++number)
      signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    const bool placed = dup2(spec.in.get(), 0) == 0 && dup2(spec.out.get(), 1) == 1 && dup2(spec.err.get(), 2) == 2;
    if (placed && syscall(SYS_close_range, 3U, ~0U, kCloseRangeCloexec) == 0 && fcntl(spec.control.get(), F_SETFD, 0) == 0 &&
        fcntl(spec.status.get(), F_SETFD, 0) == 0 && pass_on(spec.record) && pass_on(spec.environment)) {
      execve(path.c_str(), const_cast<char* const*>(argv), const_cast<char* const*>(launcher.env));
    }
    return {errno, process::system_category()};
  }

  static bool pass_on(const UniqueFd& fd) { return fd.get() < 0 || fcntl(fd.get(), F_SETFD, 0) == 0; }

  /// In the child, after its errno was reported: exit handlers and buffers are the parent's.
  template <class... Any>
  void on_exec_error(Any&&...) {
    _exit(127);
  }
};

class GuardianThreadImpl final : public GuardianThread {
 public:
  GuardianThreadImpl() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}

  ~GuardianThreadImpl() override {
    asio::post(context_, [this] { finish(); });
    thread_.join();
  }

  void run(std::move_only_function<void()> work) override { asio::post(context_, std::move(work)); }

  Result<pid_t> start(GuardianSpec spec, std::function<void(int)> ended) override;

 private:
  void finish() {
    work_.reset();  // run() then returns with the last guardian
    deadline_.expires_after(kLongestEnd);
    deadline_.async_wait([this](boost::system::error_code error) {
      if (!error) context_.stop();
    });
    if (running_ == 0) deadline_.cancel();
    finishing_ = true;
  }

  void one_ended() {
    --running_;
    if (finishing_ && running_ == 0) deadline_.cancel();
  }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer deadline_{context_};
  int running_ = 0;
  bool finishing_ = false;
  std::thread thread_;
};

std::unexpected<Error> no_guardian(const std::string& path, const process::error_code& error) {
  if (error == boost::system::errc::argument_list_too_long) {
    return fail(ErrorCode::spawn_failed, "arguments and environment of the program are too long for the system.");
  }
  Error refused = refused_by_system("cannot start the guardian " + path, error.value());
  if (error == boost::system::errc::no_such_file_or_directory)
    refused.remedy = "The program switchyard-guardian belongs beside switchyard: install it again.";
  return std::unexpected(std::move(refused));
}

Result<pid_t> GuardianThreadImpl::start(GuardianSpec spec, std::function<void(int)> ended) {
  Initializer initializer{spec, {}};
  for (const std::string& entry : spec.env)
    initializer.env.push_back(entry.c_str());
  initializer.env.push_back(nullptr);
  const pid_t parent = getpid();
  process::posix::default_launcher launcher;
  try {
    process::error_code error;
    auto guardian = std::make_shared<Process>(launcher(context_.get_executor(), error, spec.guardian, spec.args, initializer));
    if (error) {
      // The library does not collect a child that failed to execute.
      if (launcher.pid > 0) waitpid(launcher.pid, nullptr, 0);
      return no_guardian(spec.guardian, error);
    }
    const pid_t pid = guardian->id();
    ++running_;
    // The handler keeps the process object: destroying that would kill the guardian. The library's own exit code does not tell
    // codes from signals.
    Process& waited = *guardian;
    waited.async_wait([this, guardian = std::move(guardian), ended = std::move(ended)](process::error_code failed, int) mutable {
      const int status = failed ? -1 : guardian->native_exit_code();
      guardian.reset();  // with its descriptor, before anybody hears of the end
      one_ended();
      ended(status);
    });
    return pid;
  } catch (const boost::system::system_error& error) {
    if (getpid() != parent) _exit(127);  // thrown in the child, where nobody may go on
    if (launcher.pid > 0) {              // thrown for want of a descriptor to wait by
      kill(launcher.pid, SIGKILL);
      waitpid(launcher.pid, nullptr, 0);
    }
    return no_guardian(spec.guardian, error.code());
  }
}

}  // namespace

std::unique_ptr<GuardianThread> make_guardian_thread() {
  return std::make_unique<GuardianThreadImpl>();
}

}  // namespace mcp

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <csignal>
#include <map>

#include "mcp/base/event.h"
#include "mcp/base/log.h"
#include "mcp/process/child_pipes.h"
#include "mcp/process/child_process.h"
#include "mcp/process/child_records.h"
#include "mcp/process/child_state.h"
#include "mcp/process/guardian_thread.h"
#include "mcp/process/program_path.h"

namespace mcp {

namespace {

namespace asio = boost::asio;

/// How long a program may take to be executed (a cold network disk), not to be ready.
constexpr auto kLongestStart = std::chrono::seconds(30);

Task<void> wait_for(std::shared_ptr<ChildState> state, Event ChildState::* event) {
  co_await ((*state).*event).wait();
}

Task<void> stop_child(std::shared_ptr<ChildState> state,
                      std::shared_ptr<GuardianControl> control,
                      std::chrono::steady_clock::duration grace) {
  bool gone = co_await state->gone.wait_until(std::chrono::steady_clock::now() + grace);
  if (gone) co_return;
  control->terminate();
  gone = co_await state->gone.wait_until(std::chrono::steady_clock::now() + grace);
  if (gone) co_return;
  control->kill();
  co_await state->gone.wait();
}

/// A descriptor the loop cannot take (the system is out of memory) stays closed: the first use of it fails.
void adopt(asio::posix::stream_descriptor& descriptor, UniqueFd fd) {
  boost::system::error_code error;
  descriptor.assign(fd.get(), error);
  if (!error) fd.release();
}

class ChildProcessImpl final : public ChildProcess {
 public:
  ChildProcessImpl(const Executor& executor,
                   std::shared_ptr<ChildState> state,
                   std::shared_ptr<GuardianControl> control,
                   ChildPipes pipes)
      : state_(std::move(state)), control_(std::move(control)), in_(executor), out_(executor), err_(executor) {
    adopt(in_, std::move(pipes.in.write));
    adopt(out_, std::move(pipes.out.read));
    adopt(err_, std::move(pipes.err.read));
  }

  ~ChildProcessImpl() override {
    if (!state_->gone.is_set()) control_->kill();
  }

  pid_t pid() const override { return state_->pid; }
  pid_t guardian_pid() const override { return state_->guardian; }
  asio::posix::stream_descriptor& stdin_pipe() override { return in_; }
  asio::posix::stream_descriptor& stdout_pipe() override { return out_; }
  asio::posix::stream_descriptor& stderr_pipe() override { return err_; }
  const std::optional<ChildExit>& exit() const override { return state_->exit; }
  Task<void> wait_exit() override { return wait_for(state_, &ChildState::ended); }
  Task<void> wait_gone() override { return wait_for(state_, &ChildState::gone); }
  void kill() override { control_->kill(); }

  Task<void> stop(std::chrono::steady_clock::duration grace) override {
    boost::system::error_code ignored;
    in_.close(ignored);
    return stop_child(state_, control_, grace);
  }

 private:
  std::shared_ptr<ChildState> state_;
  std::shared_ptr<GuardianControl> control_;
  asio::posix::stream_descriptor in_, out_, err_;
};

/// One launch on its way between the loop and the guardian thread.
struct Launch {
  Launch(const Executor& loop, ChildSpec child)
      : executor(loop), state(std::make_shared<ChildState>(loop)), spec(std::move(child)), done(loop) {
    state->on_denied = spec.on_denied;
  }

  Executor executor;
  std::shared_ptr<ChildState> state;

  // Set on the guardian thread, read on the loop after `done`.
  ChildSpec spec;  // as `prepare` left it
  std::string path;
  ChildPipes pipes;
  std::shared_ptr<GuardianControl> control;
  std::shared_ptr<ChildRecord> record;
  Result<pid_t> guardian = 0;
  Event done;
};

class ProcessLauncherImpl final : public ProcessLauncher {
 public:
  explicit ProcessLauncherImpl(ProcessLauncherOptions options) : options_(std::move(options)), records_(options_.records) {
    thread_->run([this] { records_.end_orphans(); });
  }

  ~ProcessLauncherImpl() override {
    thread_->run([this] {
      for (const auto& [pid, control] : running_)
        control->kill();
    });
    thread_.reset();
  }

  Task<Result<std::shared_ptr<ChildProcess>>> launch(ChildSpec spec) override;

  std::uint64_t spawned() const override { return *spawned_; }
  std::uint64_t left() const override { return left_; }

 private:
  void start_guardian(const std::shared_ptr<Launch>& launch);
  Result<pid_t> try_start(Launch& launch);
  Result<GuardianSpec> guardian_spec(Launch& launch) const;
  void close_record(const ChildRecord& record, pid_t guardian, int status);

  const ProcessLauncherOptions options_;
  ChildRecords records_;                                                               // guardian thread
  const std::shared_ptr<std::uint64_t> spawned_ = std::make_shared<std::uint64_t>(0);  // loop thread; also of launches under way
  std::map<pid_t, std::shared_ptr<GuardianControl>> running_;                          // guardian thread; by the guardian's pid
  std::atomic<std::uint64_t> left_ = 0;
  std::unique_ptr<GuardianThread> thread_ = make_guardian_thread();
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// A file in memory with the variables, each with a NUL behind it.
Result<UniqueFd> environment_file(const std::vector<std::string>& env) {
  UniqueFd file(memfd_create("environment", MFD_CLOEXEC));
  if (file.get() < 0) return std::unexpected(refused_by_system("no file for the program's environment", errno));
  std::string text;
  for (const std::string& entry : env)
    text.append(entry).push_back('\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = write(file.get(), text.data() + at, text.size() - at);
    if (written < 0) return std::unexpected(refused_by_system("no file for the program's environment", errno));
    at += static_cast<std::size_t>(written);
  }
  return file;
}

Result<GuardianSpec> ProcessLauncherImpl::guardian_spec(Launch& launch) const {
  GuardianSpec spec;
  spec.guardian = options_.guardian;
  const std::string variable = std::string(kMarkVariable) + "=";
  spec.env = {variable + launch.record->tree.mark};
  for (const std::string& entry : launch.spec.env) {
    if (!entry.starts_with(variable)) spec.env.push_back(entry);
  }
  if (launch.spec.confined) {
    auto file = environment_file(spec.env);
    if (!file) return std::unexpected(std::move(file).error());
    spec.environment = *std::move(file);
    // The guardian and bubblewrap run outside: what the entry names must not tell their loader anything.
    spec.env.resize(1);
    spec.env.emplace_back("PATH=/usr/bin:/bin");
    spec.env.emplace_back("LC_ALL=C");  // what bubblewrap says is read
  }
  spec.in = std::move(launch.pipes.in.read);
  spec.out = std::move(launch.pipes.out.write);
  spec.err = std::move(launch.pipes.err.write);
  spec.control = std::move(launch.pipes.control.read);
  spec.status = std::move(launch.pipes.status.write);
  spec.record = std::move(launch.record->file);
  spec.args = {std::to_string(spec.control.get()),
               std::to_string(spec.status.get()),
               std::to_string(options_.open_files),
               std::to_string(spec.record.get()),
               std::to_string(spec.environment.get()),
               launch.spec.confined ? "confined" : "plain",
               launch.spec.cwd,
               launch.path,
               launch.spec.command};
  spec.args.insert(spec.args.end(), launch.spec.args.begin(), launch.spec.args.end());
  return spec;
}

Result<pid_t> ProcessLauncherImpl::try_start(Launch& launch) {
  if (launch.spec.prepare) {
    const auto prepare = std::exchange(launch.spec.prepare, {});
    if (auto prepared = prepare(launch.spec, folder_of(options_.guardian)); !prepared) {
      return std::unexpected(std::move(prepared).error());
    }
  }
  auto path = find_program(launch.spec);
  if (!path) return std::unexpected(std::move(path).error());
  launch.path = *std::move(path);
  auto pipes = make_child_pipes();
  if (!pipes) return std::unexpected(std::move(pipes).error());
  launch.pipes = *std::move(pipes);
  launch.control = std::make_shared<GuardianControl>(std::move(launch.pipes.control.write));
  launch.record = std::make_shared<ChildRecord>(records_.add(launch.spec.command));
  // What runs at the guardian's end needs its pid, which is known only afterwards; both run on this thread, one after the other.
  auto pid = std::make_shared<pid_t>(-1);
  const auto ended = [this, pid, record = launch.record, executor = launch.executor, state = launch.state](int status) {
    running_.erase(*pid);
    close_record(*record, *pid, status);
    asio::post(executor, [state, status] { state->guardian_ended(status); });
  };
  auto spec = guardian_spec(launch);
  auto started = spec ? thread_->start(*std::move(spec), ended) : Result<pid_t>(std::unexpected(std::move(spec).error()));
  if (!started) {
    ChildRecords::remove(*launch.record);
    return started;
  }
  *pid = *started;
  running_.emplace(*pid, launch.control);
  return started;
}

/// A guardian that ends with status 0 has nothing left of its tree: it is the sub-reaper, and its children's list was empty. One
/// that ended otherwise may have left all of it.
void ProcessLauncherImpl::close_record(const ChildRecord& record, pid_t guardian, int status) {
  const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!clean) {
    std::vector<MarkedTree> trees;
    trees.push_back(ChildRecords::read(record));
    const TreesEnd ended = end_trees(trees, std::chrono::milliseconds(0));
    const auto found = static_cast<std::int64_t>(ended.found), left = static_cast<std::int64_t>(ended.left);
    if (WIFSIGNALED(status)) {
      log_warn("process",
               "the guardian of a child was killed; what it left was killed, too",
               {{"guardian", std::int64_t{guardian}}, {"signal", std::int64_t{WTERMSIG(status)}}, {"processes", found - left}});
    }
    if (left > 0) {
      left_ += ended.left;
      log_error("process", "processes of a child could not be ended", {{"guardian", std::int64_t{guardian}}, {"left", left}});
      return;  // the record stays: the next start tries again
    }
  }
  ChildRecords::remove(record);
}

void ProcessLauncherImpl::start_guardian(const std::shared_ptr<Launch>& launch) {
  launch->guardian = try_start(*launch);
  asio::post(launch->executor, [launch] { launch->done.set(); });
}

/// What bubblewrap said, which has ended.
std::string last_words(asio::posix::stream_descriptor& pipe) {
  constexpr std::size_t kMost = 500;
  std::string text(kMost, '\0');
  boost::system::error_code error;
  text.resize(pipe.read_some(asio::buffer(text), error));
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

Error unstarted(const Launch& launch, const ChildState& state, ChildProcess& child, bool in_time) {
  if (!state.failed_stage.empty() && launch.spec.confined) {
    return unconfined_error(launch.spec, state.failed_stage, state.failed_errno, last_words(child.stderr_pipe()));
  }
  if (!state.failed_stage.empty()) return start_error(launch.spec, launch.path, state.failed_stage, state.failed_errno);
  const std::string what = in_time ? "the guardian of '" : "no sign within 30 seconds that the system started '";
  return {in_time ? ErrorCode::exited : ErrorCode::timeout,
          what + launch.path + (in_time ? "' ended before it started it." : "'.")};
}

Task<Result<std::shared_ptr<ChildProcess>>> ProcessLauncherImpl::launch(ChildSpec spec) {
  const Executor executor = co_await asio::this_coro::executor;
  auto launch = std::make_shared<Launch>(executor, std::move(spec));
  thread_->run([this, launch] { start_guardian(launch); });
  const auto spawned = spawned_;
  co_await launch->done.wait();  // the launcher may be gone afterwards
  if (!launch->guardian) co_return std::unexpected(launch->guardian.error());
  const auto state = launch->state;
  state->watch(std::move(launch->pipes.status.read), *launch->guardian);
  // From here on an early return kills what there is.
  std::shared_ptr<ChildProcess> child =
      std::make_shared<ChildProcessImpl>(executor, state, launch->control, std::move(launch->pipes));
  const bool in_time = co_await state->started.wait_until(std::chrono::steady_clock::now() + kLongestStart);
  if (state->pid <= 0) co_return std::unexpected(unstarted(*launch, *state, *child, in_time));
  ++*spawned;
  co_return child;
}

}  // namespace

std::unique_ptr<ProcessLauncher> make_process_launcher(ProcessLauncherOptions options) {
  signal(SIGPIPE, SIG_IGN);
  return std::make_unique<ProcessLauncherImpl>(std::move(options));
}

}  // namespace mcp

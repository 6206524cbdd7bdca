#include "tests/end_to_end/faults/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace gateway {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPatience = 20'000;  // milliseconds
const std::string kSocket = "socket:[";

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts)
    out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// Waits until something is to be read, or the process behind a pidfd has ended.
bool wait_readable(int descriptor, int milliseconds) {
  pollfd entry{descriptor, POLLIN, 0};
  return ::poll(&entry, 1, std::max(milliseconds, 0)) == 1;
}

/// The sockets of this system that listen or are connected at both ends, as /proc/PID/fd names them.
std::set<std::string> standing_sockets(const std::string& net_folder) {
  static const std::set<std::string> kStanding = {"01", "0A"};  // TCP_ESTABLISHED, TCP_LISTEN
  std::set<std::string> sockets;
  const auto add = [&sockets](const std::string& inode) { sockets.insert(kSocket + inode + "]"); };
  for (const char* table : {"/tcp", "/tcp6"}) {
    std::ifstream file(net_folder + table);
    std::string line, skip, state, inode;
    for (std::getline(file, line); std::getline(file, line);) {
      std::istringstream fields(line);
      fields >> skip >> skip >> skip >> state >> skip >> skip >> skip >> skip >> skip >> inode;
      if (kStanding.contains(state)) add(inode);
    }
  }
  std::ifstream file(net_folder + "/unix");
  std::string line, skip, inode;
  for (std::getline(file, line); std::getline(file, line);) {
    std::istringstream fields(line);
    fields >> skip >> skip >> skip >> skip >> skip >> skip >> inode;
    add(inode);
  }
  return sockets;
}

[[noreturn]] void become(const std::string& program, char** args, char** environment, int input, int output, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execve(program.c_str(), args, environment);
  ::_exit(127);
}

}  // namespace

ChildProgram::ChildProgram(const std::string& program,
                           std::vector<std::string> args,
                           std::vector<std::string> environment,
                           std::string stderr_file)
    : stderr_file_(std::move(stderr_file)) {
  std::array<int, 2> input{}, output{};
  for (auto* ends : {&input, &output})
    if (::pipe2(ends->data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const int errors = ::open(stderr_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  args.insert(args.begin(), program);
  const auto arg_pointers = pointers(args);
  const auto env_pointers = pointers(environment);
  pid_ = ::fork();
  if (pid_ == 0) {
    become(program, const_cast<char**>(arg_pointers.data()), const_cast<char**>(env_pointers.data()), input[0], output[1], errors);
  }
  for (const int descriptor : {input[0], output[1], errors})
    ::close(descriptor);
  input_ = input[1];
  output_ = output[0];
  if (pid_ < 0) throw std::runtime_error("fork failed");
  pidfd_ = open_pidfd(pid_);
}

ChildProgram::~ChildProgram() {
  if (!status_) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_input();
  ::close(pidfd_);
  ::close(output_);
}

void ChildProgram::write_line(const std::string& line) const {
  const std::string text = line + "\n";
  if (::write(input_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  throw std::runtime_error("standard input does not take a line; standard error:\n" + stderr_text());
}

void ChildProgram::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

void ChildProgram::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

bool ChildProgram::read_more() {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(output_, buffer.data(), buffer.size());
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string ChildProgram::wait_line(const std::string& part) {
  for (;;) {
    for (std::size_t end = received_.find('\n'); end != std::string::npos; end = received_.find('\n')) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      if (line.find(part) != std::string::npos) return line;
    }
    if (!wait_readable(output_, kPatience) || !read_more()) {
      throw std::runtime_error("no line with \"" + part + "\" on standard output; standard error:\n" + stderr_text());
    }
  }
}

int ChildProgram::wait_exit() {
  if (status_) return *status_;
  const auto until = Clock::now() + std::chrono::milliseconds(kPatience);
  std::array<pollfd, 2> entries = {pollfd{pidfd_, POLLIN, 0}, pollfd{output_, POLLIN, 0}};
  while (entries[0].revents == 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0 || ::poll(entries.data(), 2, static_cast<int>(left)) == 0) {
      throw std::runtime_error("the program did not end; standard error:\n" + stderr_text());
    }
    if (entries[1].revents != 0 && !read_more()) entries[1].fd = -1;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *status_;
}

bool ChildProgram::ended_within(int milliseconds) const {
  return wait_readable(pidfd_, milliseconds);
}

std::string ChildProgram::stderr_text() const {
  // A pipe is its test's to read.
  return std::filesystem::is_regular_file(stderr_file_) ? read_text_file(stderr_file_) : "";
}

std::string read_text_file(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::vector<pid_t> processes_with(const std::string& variable) {
  std::vector<pid_t> pids;
  const std::string entry = variable + '\0';
  for (const auto& folder : std::filesystem::directory_iterator("/proc")) {
    const std::string name = folder.path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size()) continue;
    if (read_text_file(folder.path() / "environ").find(entry) != std::string::npos) pids.push_back(pid);
  }
  return pids;
}

std::vector<pid_t> wait_until_none_with(const std::string& variable) {
  const auto until = Clock::now() + std::chrono::seconds(10);
  for (;;) {
    std::vector<pid_t> pids = processes_with(variable);
    if (pids.empty() || Clock::now() >= until) return pids;
    const int handle = open_pidfd(pids.front());
    if (handle < 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    wait_readable(handle, static_cast<int>(left));
    ::close(handle);
  }
}

Resources resources_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string status = read_text_file(folder + "/status");
  const auto kib = [&status](std::string_view name) {
    const std::size_t at = status.find(name);
    return at == std::string::npos ? 0L : std::stol(status.substr(at + name.size()));
  };
  const std::filesystem::directory_iterator entries(folder + "/fd");
  return {.descriptors = static_cast<std::size_t>(std::distance(begin(entries), end(entries))),
          .resident_kib = kib("VmRSS:"),
          .peak_kib = kib("VmHWM:")};
}

bool has_ended_connections(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto standing = standing_sockets(folder + "/net");
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd")) {
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.starts_with(kSocket) && !standing.contains(target)) return true;
  }
  return false;
}

}  // namespace gateway

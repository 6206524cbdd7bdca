#include "gateway/cli/open_browser.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

namespace gateway {

namespace {

bool is_set(const Environment& environment, std::string_view name) {
  return !environment(name).value_or("").empty();
}

std::string browser_of(const Environment& environment) {
  // A list of them is taken by its first.
  const std::string named = environment("BROWSER").value_or("");
  if (!named.empty()) return named.substr(0, named.find(':'));
#ifdef __APPLE__
  return "open";
#else
  const bool display = is_set(environment, "DISPLAY") || is_set(environment, "WAYLAND_DISPLAY");
  return display ? "xdg-open" : "";
#endif
}

}  // namespace

bool open_browser(const std::string& url, const Environment& environment) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
  std::string program = browser_of(environment);
  if (program.empty()) return false;
  std::string address = url;
  const std::array<char*, 3> arguments = {program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
  // It is the user's, and outlives us; and what we ignore it need not.
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigset_t mask;
  sigemptyset(&mask);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return false;
  std::thread([pid] {
    int status = 0;
    ::waitpid(pid, &status, 0);
  }).detach();
  return true;
}

}  // namespace gateway

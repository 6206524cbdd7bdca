#include "gateway/cli/open_browser.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace gateway {

namespace {

bool is_set(const Environment& environment, std::string_view name) {
  return !environment(name).value_or("").empty();
}

/// The commands to try, in order: those of $BROWSER, with colons between.
std::string browsers_of(const Environment& environment) {
  std::string named = environment("BROWSER").value_or("");
  if (!named.empty()) return named;
#ifdef __APPLE__
  return "open";
#else
  const bool display = is_set(environment, "DISPLAY") || is_set(environment, "WAYLAND_DISPLAY");
  return display ? "xdg-open" : "";
#endif
}

/// The words of one of them, with the address where it says %s, or at its end.
std::vector<std::string> words_of(std::string_view command, const std::string& url) {
  std::vector<std::string> words;
  bool placed = false;
  while (!command.empty()) {
    std::string word(command.substr(0, command.find(' ')));
    command.remove_prefix(std::min(word.size() + 1, command.size()));
    if (word.empty()) continue;
    if (const auto place = word.find("%s"); place != std::string::npos) {
      word.replace(place, 2, url);
      placed = true;
    }
    words.push_back(std::move(word));
  }
  if (!words.empty() && !placed) words.push_back(url);
  return words;
}

bool start(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
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
  const int failed = ::posix_spawnp(&pid, words.front().c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return false;
  std::thread([pid] {
    int status = 0;
    ::waitpid(pid, &status, 0);
  }).detach();
  return true;
}

}  // namespace

bool open_browser(const std::string& url, const Environment& environment) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
  const std::string browsers = browsers_of(environment);
  for (std::string_view rest = browsers; !rest.empty();) {
    const std::string_view command = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(command.size() + 1, rest.size()));
    auto words = words_of(command, url);
    if (!words.empty() && start(std::move(words))) return true;
  }
  return false;
}

}  // namespace gateway

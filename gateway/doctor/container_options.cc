#include "gateway/doctor/container_options.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace gateway {

namespace {

/// The options that stand alone, of docker and of podman; all others take a value, from the next word where they have none.
constexpr std::array<std::string_view, 26> kFlags = {"detach",
                                                     "disable-content-trust",
                                                     "env-host",
                                                     "help",
                                                     "http-proxy",
                                                     "init",
                                                     "interactive",
                                                     "no-healthcheck",
                                                     "no-hostname",
                                                     "no-hosts",
                                                     "oom-kill-disable",
                                                     "passwd",
                                                     "privileged",
                                                     "publish-all",
                                                     "quiet",
                                                     "read-only",
                                                     "read-only-tmpfs",
                                                     "replace",
                                                     "rm",
                                                     "rmi",
                                                     "rootfs",
                                                     "sig-proxy",
                                                     "tls-verify",
                                                     "tty",
                                                     "unsetenv-all",
                                                     "use-api-socket"};

constexpr std::string_view kFlagLetters = "ditPq";

class OptionReader {
 public:
  explicit OptionReader(const std::vector<std::string>& args) : args_(args) {}

  ContainerOptions run() {
    if (at_ < args_.size() && args_[at_] == "container") ++at_;
    options_.runs = at_ < args_.size() && args_[at_] == "run";
    ++at_;
    if (!options_.runs) return options_;
    while (at_ < args_.size()) {
      const std::string_view word = args_[at_++];
      if (word.size() < 2 || word.front() != '-' || word == "--") break;  // the image, here or next
      if (word.starts_with("--")) {
        read_name(word.substr(2));
      } else {
        read_letters(word.substr(1));
      }
    }
    return options_;
  }

 private:
  void read_name(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const bool flag = std::ranges::find(kFlags, name) != kFlags.end();
    if (equals != std::string_view::npos) {
      flag ? set(name, is_true(text.substr(equals + 1))) : take(name, text.substr(equals + 1));
    } else if (flag) {
      set(name, true);
    } else {
      take(name, next());
    }
  }

  /// "-it", "-ieNAME", "-i=false".
  void read_letters(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const std::string_view rest = letters.substr(i + 1), value = rest.substr(rest.starts_with('=') ? 1 : 0);
      const std::string_view name = long_name(letters[i]);
      if (kFlagLetters.find(letters[i]) == std::string_view::npos) return take(name, rest.empty() ? next() : value);
      if (rest.starts_with('=')) return set(name, is_true(value));
      set(name, true);
    }
  }

  static std::string_view long_name(char letter) {
    switch (letter) {
      case 'd':
        return "detach";
      case 'e':
        return "env";
      case 'i':
        return "interactive";
      case 't':
        return "tty";
      default:
        return "";
    }
  }

  static bool is_true(std::string_view value) {
    static constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
    return std::ranges::find(kTrue, value) != kTrue.end();
  }

  std::string_view next() { return at_ < args_.size() ? std::string_view(args_[at_++]) : std::string_view(); }

  void set(std::string_view name, bool on) {
    if (name == "interactive") options_.interactive = on;
    if (name == "tty") options_.tty = on;
    if (name == "detach") options_.detach = on;
    if (name == "env-host") options_.all_variables = options_.all_variables || on;
  }

  void take(std::string_view name, std::string_view value) {
    if (name == "env") options_.variables.emplace_back(value.substr(0, value.find('=')));
    if (name == "env-file") options_.all_variables = true;
  }

  const std::vector<std::string>& args_;
  std::size_t at_ = 0;
  ContainerOptions options_;
};

}  // namespace

ContainerOptions ContainerOptions::of(const std::vector<std::string>& args) {
  return OptionReader(args).run();
}

}  // namespace gateway

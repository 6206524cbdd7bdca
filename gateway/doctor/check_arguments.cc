#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/doctor/check_program.h"
#include "gateway/doctor/container_options.h"

namespace gateway {

namespace {

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where "$HOME" or "$(pwd)" begins, as a shell would put it in, or npos; "\$" and "$$" are meant as they stand.
std::size_t find_shell_variable(std::string_view text) {
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    const char next = text[at + 1];
    const bool meant = text[at] != '$' || (at > 0 && (text[at - 1] == '\\' || text[at - 1] == '$'));
    if (!meant && (next == '(' || next == '_' || (is_name_character(next) && (next < '0' || next > '9')))) return at;
  }
  return std::string_view::npos;
}

bool has_shell_variable(std::string_view text) {
  return find_shell_variable(text) != std::string_view::npos;
}

/// How it is written here. The name is told only where it surely is one, and not a piece of a secret with a '$' in it.
std::string variable_remedy(std::string_view text) {
  const std::size_t at = find_shell_variable(text);
  const std::string_view rest = text.substr(at + 1);
  if (rest.starts_with('(')) return "Write what the command would put out, or run \"sh\" with [\"-c\", \"…\"].";
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_name_character) - rest.begin());
  const std::string_view name = rest.substr(0, end);
  const bool apart = (at == 0 || std::string_view("/=:, ").contains(text[at - 1])) &&
                     (end == rest.size() || std::string_view("/:,. ").contains(rest[end]));
  const bool capitals = std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  return "Write ${" + std::string(apart && capitals ? name : "NAME") + "}, with braces.";
}

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
}

/// "-y package", "--port 80" as one argument; the value of an option may hold blanks: "--name=a b".
bool is_several_words(std::string_view text) {
  const std::size_t blank = text.find(' ');
  return text.starts_with('-') && blank != std::string_view::npos && blank > 1 && text.find('=') > blank &&
         text.substr(1, blank - 1).find_first_of("/:,") == std::string_view::npos;
}

bool is_shell_operator(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kOperators = {
      "&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "2>", "2>/dev/null", ">/dev/null"};
  return std::ranges::find(kOperators, text) != kOperators.end();
}

struct Finding {
  std::string_view what;
  std::string remedy;
};

/// What a shell would make of an argument, and nobody does here.
std::optional<Finding> shell_finding(std::string_view text) {
  if (is_shell_operator(text)) return Finding{"is of a shell's language", "No shell reads it: run \"sh\" with [\"-c\", \"…\"]."};
  if (text == "~" || text.starts_with("~/")) {
    return Finding{"begins with ~, which only a shell takes for the home folder", "Write ${HOME} in its place."};
  }
  if (has_shell_variable(text)) {
    return Finding{"holds a variable as a shell writes it, which nobody puts in", variable_remedy(text)};
  }
  if (is_quoted(text)) return Finding{"stands in quotes of its own, which the program gets to see", "Leave the inner quotes out."};
  if (is_several_words(text)) {
    return Finding{"is an option and its value in one", "Write them as two arguments, each in quotes of its own."};
  }
  return std::nullopt;
}

class ArgumentLook {
 public:
  explicit ArgumentLook(const ServerSpec& server)
      : name_(server.name.str()), stdio_(std::get<StdioSpec>(server.transport)), program_(program_name(stdio_.command)) {}

  Checks run() {
    check_command();
    if (!runs_a_shell()) check_words();
    if (program_ == "npx") check_npx();
    if (program_ == "docker" || program_ == "podman") check_container();
    return list_.take();
  }

 private:
  /// Its arguments are for a shell, here or elsewhere.
  bool runs_a_shell() const {
    static constexpr std::array<std::string_view, 7> kShells = {"sh", "bash", "zsh", "dash", "fish", "ksh", "ssh"};
    if (std::ranges::find(kShells, program_) != kShells.end()) return true;
    const auto is_shell = [](const std::string& argument) {
      return std::ranges::find(kShells, program_name(argument)) != kShells.end();
    };
    return std::ranges::any_of(stdio_.args, is_shell);
  }

  void check_command() {
    const std::string& command = stdio_.command;
    if (has_shell_variable(command)) {
      list_.warning(name_, "its command holds a variable as a shell writes it, which nobody puts in", variable_remedy(command));
    }
    if (command.find_first_of("|;&<>\"'") != std::string::npos) {
      list_.warning(name_,
                    "its command is written for a shell, and no shell reads it",
                    "Write the program alone as the command and the rest in \"args\"; or run \"sh\" with [\"-c\", \"…\"].");
    }
  }

  void check_words() {
    for (std::size_t i = 0; i < stdio_.args.size(); ++i) {
      const auto finding = shell_finding(stdio_.args[i]);
      if (!finding) continue;
      list_.warning(name_, "args[" + std::to_string(i) + "] " + std::string(finding->what), finding->remedy);
    }
  }

  bool has_argument(std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(stdio_.args,
                               [&](const std::string& argument) { return std::ranges::find(words, argument) != words.end(); });
  }

  void check_npx() {
    if (has_argument({"-y", "--yes", "--no-install", "--no"})) return;
    list_.note(name_, "npx without -y may ask before it downloads a package, and nobody answers", "Put \"-y\" first in \"args\".");
  }

  void check_container() {
    const ContainerOptions options = ContainerOptions::of(stdio_.args);
    if (!options.runs) return;
    if (!options.interactive) {
      list_.error(name_,
                  program_ + " run without -i gives the server no standard input, and it ends at once",
                  "Add \"-i\" behind \"run\".");
    }
    if (options.tty) {
      list_.error(name_, program_ + " run with -t makes a terminal of its output, which garbles messages", "Take the \"-t\" out.");
    }
    if (options.detach) {
      list_.error(name_, program_ + " run with -d leaves the server without a connection to us", "Take the \"-d\" out.");
    }
    for (const auto& [variable, value] : stdio_.env) {
      if (is_passed_on(options, variable)) continue;
      list_.warning(name_,
                    "env." + variable + " reaches " + program_ + ", but not the container",
                    "Add \"-e\", \"" + variable + "\" behind \"run\" in \"args\".");
    }
  }

  static bool is_passed_on(const ContainerOptions& options, const std::string& variable) {
    if (variable.starts_with("DOCKER_") || variable == "PATH" || variable == "HOME") return true;
    return options.all_variables || std::ranges::find(options.variables, variable) != options.variables.end();
  }

  const std::string name_;
  const StdioSpec& stdio_;
  const std::string program_;
  CheckList list_{CheckGroup::servers};
};

}  // namespace

Checks check_arguments(const ServerSpec& server) {
  return ArgumentLook(server).run();
}

}  // namespace gateway

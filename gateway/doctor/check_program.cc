#include "gateway/doctor/check_program.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/doctor/program_file.h"
#include "mcp/process/program_path.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr int kOldestNode = 18;  // that the official SDK runs on

/// How a program comes to a machine, and what else may have been meant.
struct KnownProgram {
  std::string_view name, remedy;
};

constexpr std::array kKnown = {
    KnownProgram{"npx", "Install Node.js, which brings it: https://nodejs.org"},
    KnownProgram{"npm", "Install Node.js, which brings it: https://nodejs.org"},
    KnownProgram{"node", "Install Node.js: https://nodejs.org"},
    KnownProgram{"uvx", "Install uv, which brings it: https://docs.astral.sh/uv"},
    KnownProgram{"uv", "Install uv: https://docs.astral.sh/uv"},
    KnownProgram{"pipx", "Install the package pipx."},
    KnownProgram{"python", "Write \"python3\", or install Python."},
    KnownProgram{"docker", "Install Docker: https://docs.docker.com/engine/install"},
    KnownProgram{"podman", "Install the package podman."},
    KnownProgram{"bunx", "Install Bun, which brings it: https://bun.sh"},
    KnownProgram{"bun", "Install Bun: https://bun.sh"},
    KnownProgram{"deno", "Install Deno: https://deno.com"},
    KnownProgram{"cmd", "That is the shell of Windows: write what stands behind /c as the command."},
    KnownProgram{"cmd.exe", "That is the shell of Windows: write what stands behind /c as the command."},
    KnownProgram{"powershell", "That is the shell of Windows: write the program itself as the command."},
};

/// Where programs lie that a login shell finds, and a gateway that a desktop or an editor started does not.
std::vector<std::string> usual_folders(const Environment& environment) {
  std::vector<std::string> folders = {"/usr/local/bin", "/usr/bin", "/bin", "/snap/bin", "/home/linuxbrew/.linuxbrew/bin"};
  const std::string home = environment("HOME").value_or("");
  if (home.empty()) return folders;
  for (const char* below : {"/.local/bin",
                            "/bin",
                            "/.cargo/bin",
                            "/.bun/bin",
                            "/.deno/bin",
                            "/.volta/bin",
                            "/.asdf/shims",
                            "/.local/share/mise/shims",
                            "/.pyenv/shims",
                            "/.npm-global/bin",
                            "/go/bin"})
    folders.emplace_back(home).append(below);
  std::error_code error;
  fs::directory_iterator at(home + "/.nvm/versions/node", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    folders.push_back(at->path().string() + "/bin");
  return folders;
}

std::string find_elsewhere(const std::string& name, const Environment& environment) {
  for (std::string& path : usual_folders(environment)) {
    path.append("/").append(name);
    std::error_code error;
    if (fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

class ProgramChecker {
 public:
  /// `arguments`: what was found in them.
  ProgramChecker(const ServerSpec& server, const Environment& environment, const Checks& arguments)
      : name_(server.name.str()), stdio_(std::get<StdioSpec>(server.transport)), environment_(environment), arguments_(arguments) {
    child_.command = stdio_.command;
    child_.args = stdio_.args;
    child_.env = child_environment(stdio_, environment);
    child_.cwd = stdio_.cwd;
  }

  ProgramLook run() {
    const auto program = mcp::find_program(child_);
    if (!program) {
      add_missing(program.error());
    } else {
      add_found(*program);
      check_script();
    }
    return {.checks = list_.take(), .node = std::move(node_)};
  }

 private:
  void add_missing(mcp::Error error) {
    const bool looked_up = !stdio_.command.contains('/') && error.message.starts_with("command ");
    const std::string elsewhere = looked_up ? find_elsewhere(stdio_.command, environment_) : "";
    const auto known = std::ranges::find(kKnown, std::string_view(stdio_.command), &KnownProgram::name);
    if (!elsewhere.empty()) {
      error.remedy = "It is at " + elsewhere + ": write that as the command, or start the gateway with its folder in the PATH.";
    } else if (looked_up && stdio_.command.contains(' ')) {
      error.remedy = "A command is one program; write what follows its name in \"args\", a word each.";
    } else if (looked_up && known != kKnown.end()) {
      error.remedy = known->remedy;
    }
    list_.error(name_, std::move(error));
  }

  void add_found(const std::string& program) {
    std::error_code none;
    const fs::path real = fs::canonical(program, none);
    const auto file = look_at_program_file(program);
    if (!file) return list_.error(name_, file.error());
    if (const std::string missing = missing_interpreter(*file, program); !missing.empty()) {
      list_.error(name_, missing, "Install it, or correct the first line of " + program + ".");
      return;
    }
    if (program_name(real.string()) == "node") node_ = program;
    list_.ok(name_, stdio_.command == program ? program + " can be started" : stdio_.command + " is " + program);
  }

  /// Why the interpreter of a script cannot be had, or "".
  std::string missing_interpreter(const ProgramFile& file, const std::string& script) {
    if (file.interpreter.empty()) return "";
    const std::string wanted = file.looked_up();
    mcp::ChildSpec interpreter = child_;
    interpreter.command = wanted.empty() ? file.interpreter.front() : wanted;
    const auto found = mcp::find_program(interpreter);
    if (!found) return script + " is run by " + interpreter.command + ", which is not there: " + found.error().message;
    if (program_name(*found) == "node") node_ = *found;
    return "";
  }

  /// "node server.js", "python3 /srv/server.py": whether that file is there.
  void check_script() {
    static constexpr std::array<std::string_view, 9> kRunners = {
        "node", "python", "python3", "bash", "sh", "ruby", "perl", "php", "tsx"};
    if (stdio_.args.empty() || std::ranges::find(kRunners, program_name(stdio_.command)) == kRunners.end()) return;
    // A path that a shell would have had to finish is not the one that was meant.
    if (std::ranges::any_of(arguments_, [](const Check& check) { return check.message.starts_with("args[0] "); })) return;
    const std::string& script = stdio_.args.front();
    if (script.empty() || script.starts_with('-') || script.starts_with('~')) return;
    std::error_code error;
    const fs::path path = fs::path(stdio_.cwd.empty() ? "." : stdio_.cwd) / script;
    if (fs::exists(path, error) || error) return;
    // Node.js also takes a name without its extension, and a folder.
    for (const char* extension : {".js", ".cjs", ".mjs"}) {
      if (fs::exists(path.string() + extension, error)) return;
    }
    if (script.starts_with('/') || !stdio_.cwd.empty()) {
      list_.error(name_, "args[0] names a script that is not there: " + path.string(), "Check the path.");
    } else {
      list_.warning(
          name_,
          "args[0] names a script that is not in this folder: " + script + ". It is looked for where the gateway was started",
          "Write its whole path, or set \"cwd\" to its folder.");
    }
  }

  const std::string name_;
  const StdioSpec& stdio_;
  const Environment& environment_;
  const Checks& arguments_;
  mcp::ChildSpec child_;
  CheckList list_{CheckGroup::servers};
  std::string node_;
};

}  // namespace

std::string program_name(const std::string& command) {
  return fs::path(command).filename().string();
}

ProgramLook check_program(const ServerSpec& server, const Environment& environment) {
  const Checks arguments = check_arguments(server);
  ProgramLook look = ProgramChecker(server, environment, arguments).run();
  for (const Checks& more : {arguments, check_docker(server, environment)})
    look.checks.insert(look.checks.end(), more.begin(), more.end());
  return look;
}

Checks check_node(const std::string& server, const std::string& node, const mcp::Result<ProgramOutput>& said) {
  CheckList list(CheckGroup::servers);
  int major = 0;
  const std::string_view version = said ? std::string_view(said->text) : std::string_view();
  if (!said) {
    list.warning(server, node + " does not say its version: " + said.error().message, "Check that Node.js is installed whole.");
  } else if (version.starts_with('v') &&
             std::from_chars(version.data() + 1, version.data() + version.size(), major).ec == std::errc() && major < kOldestNode) {
    list.warning(server,
                 node + " is Node.js " + std::to_string(major) + "; most servers want 18 or later",
                 "Install a newer one, and see that it comes first in the gateway's PATH.");
  }
  return list.take();
}

}  // namespace gateway

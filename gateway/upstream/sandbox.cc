#include "gateway/upstream/sandbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/upstream/sandbox_advice.h"
#include "gateway/upstream/sandbox_view.h"
#include "mcp/base/log.h"
#include "mcp/base/percent.h"
#include "mcp/process/program_path.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

/// Where switchyard-confine is seen from within: wherever it lies outside.
constexpr std::string_view kConfine = "/run/switchyard/confine";
/// Also writable, of what a sandbox always has.
constexpr std::array kOwn = {"/dev", "/proc", "/run"};

std::unexpected<mcp::Error> unavailable(std::string why, std::string remedy) {
  return fail(ErrorCode::sandbox_unavailable, "no sandbox, so it was not started: " + std::move(why), std::move(remedy));
}

Result<std::string> find_bubblewrap(const Environment& environment) {
  mcp::ChildSpec wanted;
  wanted.command = "bwrap";
  if (const auto path = environment("PATH")) wanted.env = {"PATH=" + *path};
  auto found = mcp::find_program(wanted);
  if (found) return found;
  return unavailable("bubblewrap (bwrap) is not in the gateway's PATH.",
                     "Install it (Debian, Ubuntu, Fedora, Arch: the package bubblewrap), or set \"sandbox\" to \"off\".");
}

/// Whether it takes "--size": since 0.7, and not where it is setuid root.
bool bounds_memory(const std::string& bubblewrap) {
  struct stat info{};
  if (stat(bubblewrap.c_str(), &info) != 0 || (info.st_mode & S_ISUID) != 0) return false;
  constexpr std::streamsize kMost = std::streamsize{1} << 20;
  std::string program(kMost, '\0');
  std::ifstream in(bubblewrap, std::ios::binary);
  in.read(program.data(), kMost);
  return std::string_view(program).substr(0, static_cast<std::size_t>(in.gcount())).contains("--size BYTES");
}

/// A folder of the server's own for downloads, below the state folder; "" where that is not known.
Result<std::string> make_cache(const ServerSpec& spec, const Environment& environment) {
  const auto state = environment("SWITCHYARD_STATE");
  if (!state || state->empty()) return std::string();
  const std::string path = *state + "/sandbox/server-" + mcp::percent_encode(spec.name.str()) + "/cache";
  std::error_code error;
  const bool fresh = !fs::exists(*state, error);
  fs::create_directories(path, error);
  if (!error && fresh) chmod(state->c_str(), 0700);
  if (!error) fs::permissions(*state + "/sandbox", fs::perms::owner_all, error);
  const fs::path real = error ? fs::path() : fs::canonical(path, error);
  if (!error) return real.string();
  return unavailable("its folder " + path + " cannot be made: " + error.message() + ".", "Check the state folder.");
}

/// What a hidden file looks like: one that nobody may open. It lies with the caches.
Result<std::string> make_closed_file(const Environment& environment) {
  const auto state = environment("SWITCHYARD_STATE");
  if (!state || state->empty()) return std::string("/dev/null");
  std::string path = *state + "/sandbox/hidden";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0);
  if (file >= 0) close(file);
  struct stat info{};
  if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0777) == 0 && info.st_size == 0) return path;
  return unavailable(path + " is not what it has to be: an empty file that nobody may read.", "Remove it.");
}

/// Puts a variable in, unless the program has one of that name.
void put_default(std::vector<std::string>& env, const std::string& name, const std::string& value) {
  const bool there = std::ranges::any_of(env, [&](const std::string& line) { return line.starts_with(name + "="); });
  if (!there) env.push_back(name + "=" + value);
}

/// Downloads and caches go where the program may write. `own_python`: uv is not to look for those that it keeps in the home folder.
void point_to_cache(std::vector<std::string>& env, const std::string& cache, bool own_python) {
  std::erase_if(env, [](const std::string& line) { return line.starts_with("TMPDIR="); });
  env.emplace_back("TMPDIR=/tmp");
  if (cache.empty()) return;
  put_default(env, "XDG_CACHE_HOME", cache);
  put_default(env, "npm_config_cache", cache + "/npm");
  put_default(env, "BUN_INSTALL_CACHE_DIR", cache + "/bun");
  put_default(env, "UV_TOOL_DIR", cache + "/uv-tools");
  if (own_python) put_default(env, "UV_PYTHON_INSTALL_DIR", cache + "/uv-python");
  put_default(env, "PYTHONPYCACHEPREFIX", cache + "/python");
}

class Command {
 public:
  Command(const StdioSpec& stdio, const SandboxView& view) : sandbox_(stdio.sandbox), view_(view) {}

  std::vector<std::string> arguments(const std::string& confine, const std::string& closed, bool sizes) {
    if (sizes) tmpfs_ = {"--size", "1073741824"};
    add({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"});
    add({"--die-with-parent", "--new-session"});
    if (!sandbox_.network) add({"--unshare-net"});
    const auto& places = view_.places();
    if (places.contains("/")) add({"--ro-bind", "/", "/"});
    add({"--dev", "/dev", "--proc", "/proc"});
    for (const auto& [path, sight] : places) {
      if (path != "/") add_place(path, sight, closed);
    }
    for (const auto& [path, target] : view_.links())
      add({"--symlink", target, path});
    add({"--ro-bind", confine, std::string(kConfine)});
    for (const std::string& path : sealed_)
      add({"--remount-ro", path});
    if (!places.contains("/")) add({"--remount-ro", "/"});
    add({"--chdir", view_.cwd(), "--", std::string(kConfine)});
    if (!sandbox_.network) add({"--no-network"});
    for (const char* path : kOwn)
      add({"--write", path});
    for (const auto& [path, sight] : places) {
      if (sight == Sight::write || sight == Sight::empty) add({"--write", path});
    }
    add({"--"});
    return std::move(arguments_);
  }

 private:
  void add(std::initializer_list<std::string> words) { arguments_.insert(arguments_.end(), words); }

  void add_place(const std::string& path, Sight sight, const std::string& closed) {
    std::error_code error;
    switch (sight) {
      case Sight::read:
        return add({"--ro-bind-try", path, path});  // what was there a moment ago
      case Sight::write:
        return add({"--bind", path, path});
      case Sight::empty:
        add_tmpfs(path);
        return;
      case Sight::opened:
        add({"--perms", "0755"});
        add_tmpfs(path);
        sealed_.push_back(path);
        return;
      case Sight::hidden:
        break;
    }
    if (!fs::is_directory(path, error)) return add({"--ro-bind", closed, path});
    add({"--perms", view_.holds_place(path) ? "0755" : "0000"});
    add_tmpfs(path);
    sealed_.push_back(path);
  }

  void add_tmpfs(const std::string& path) {
    arguments_.insert(arguments_.end(), tmpfs_.begin(), tmpfs_.end());
    add({"--tmpfs", path});
  }

  const SandboxSpec& sandbox_;
  const SandboxView& view_;
  std::vector<std::string> arguments_;
  std::vector<std::string> tmpfs_;   // in front of each
  std::vector<std::string> sealed_;  // made read-only once all is in them
};

/// Puts the sandbox in the place of the program. On the launcher's thread.
Result<> confine(mcp::ChildSpec& child, const std::string& programs, const ServerSpec& server, const Environment& environment) {
  const auto& stdio = std::get<StdioSpec>(server.transport);
  const auto program = mcp::find_program(child);
  if (!program) return std::unexpected(program.error());
  const auto bubblewrap = find_bubblewrap(environment);
  if (!bubblewrap) return std::unexpected(bubblewrap.error());
  const std::string helper = programs + "/switchyard-confine";
  if (access(helper.c_str(), X_OK) != 0) {
    return unavailable("the program " + helper + " is not there.",
                       "The program switchyard-confine belongs beside switchyard-guardian: install it again.");
  }
  const auto cache = make_cache(server, environment);
  if (!cache) return std::unexpected(cache.error());
  const auto closed = make_closed_file(environment);
  if (!closed) return std::unexpected(closed.error());
  std::error_code error;
  const fs::path cwd = fs::canonical(stdio.cwd.empty() ? "." : stdio.cwd, error);
  if (error) return unavailable("its working directory: " + error.message() + ".", "Set \"cwd\" to a folder it can reach.");
  SandboxView view(stdio, environment, cwd.string());
  if (auto found = view.find(*program, child, *cache); !found) return found;
  const bool kept = fs::exists(view.home() + "/.local/share/uv/python", error);
  point_to_cache(child.env, *cache, stdio.sandbox.level == SandboxLevel::strict || !kept);
  std::vector<std::string> arguments = Command(stdio, view).arguments(helper, *closed, bounds_memory(*bubblewrap));
  arguments.push_back(*program);
  arguments.push_back(std::exchange(child.command, *bubblewrap));
  child.shown = arguments.back();
  arguments.insert(arguments.end(), child.args.begin(), child.args.end());
  child.args = std::move(arguments);
  child.cwd.clear();
  std::erase_if(child.env, [](const std::string& line) { return line.starts_with("PWD="); });
  child.env.push_back("PWD=" + view.cwd());
  child.confined = true;
  return {};
}

}  // namespace

mcp::ChildSpec make_child_spec(const ServerSpec& spec, const Environment& environment) {
  const auto& stdio = std::get<StdioSpec>(spec.transport);
  mcp::ChildSpec child;
  child.command = stdio.command;
  child.args = stdio.args;
  child.env = child_environment(stdio, environment);
  child.cwd = stdio.cwd;
  if (stdio.sandbox.level == SandboxLevel::off) return child;
  child.prepare = [spec, environment](mcp::ChildSpec& prepared, const std::string& programs) {
    return confine(prepared, programs, spec, environment);
  };
  child.on_denied = [server = spec.name.str()](const mcp::Denial& denial) {
    mcp::log_warn("upstream",
                  "the sandbox denied something",
                  {{"server", server}, {"denied", denial_text(denial)}, {"remedy", denial_remedy(denial)}});
  };
  return child;
}

std::string denial_text(const mcp::Denial& denial) {
  return (denial.kind == mcp::Denial::Kind::write ? "writing " : "connecting to ") + denial.what;
}

std::string denial_remedy(const mcp::Denial& denial) {
  return sandbox_advice({denial_text(denial)}, "its \"sandbox\"");
}

}  // namespace gateway

#include "gateway/upstream/sandbox_view.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "gateway/upstream/sandbox_paths.h"
#include "mcp/process/program_path.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;
using std::string_view_literals::operator""sv;

/// What programs of a system need of /etc; nothing of it is secret.
constexpr auto kSettings = std::to_array<std::string_view>({
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "group",
    "host.conf",
    "hosts",
    "java",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "magic",
    "mime.types",
    "mailcap",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki",
    "protocols",
    "python3",
    "resolv.conf",
    "services",
    "ssl",
    "timezone",
    "vulkan",
});

constexpr auto kSystem = std::to_array<std::string_view>(
    {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"});

constexpr int kMaxInterpreters = 3;

/// The words of a script's first line behind "#!", the first two of them.
std::vector<std::string> interpreter_of(const std::string& file) {
  constexpr std::streamsize kLongest = 256;
  std::ifstream in(file, std::ios::binary);
  std::string line(kLongest, '\0');
  in.read(line.data(), kLongest);
  line.resize(static_cast<std::size_t>(in.gcount()));
  if (!line.starts_with("#!")) return {};
  std::istringstream words(line.substr(2, line.find('\n') - 2));
  std::vector<std::string> found;
  for (std::string word; found.size() < 2 && words >> word;) {
    if (word != "-S") found.push_back(word);
  }
  return found;
}

/// "python3.11" too.
bool is_interpreter(std::string_view name) {
  static constexpr auto kInterpreters = std::to_array<std::string_view>(
      {"node", "nodejs", "bun",     "deno", "tsx",  "ts-node", "python", "pypy", "ruby", "perl", "php",
       "lua",  "java",   "Rscript", "sh",   "bash", "dash",    "zsh",    "ksh",  "fish", "pwsh"});
  while (!name.empty() && (name.back() == '.' || (name.back() >= '0' && name.back() <= '9')))
    name.remove_suffix(1);
  return std::ranges::find(kInterpreters, name) != kInterpreters.end();
}

}  // namespace

SandboxView::SandboxView(const StdioSpec& spec, const Environment& environment, std::string cwd)
    : spec_(spec), environment_(environment), homes_(home_folders(environment)), cwd_(std::move(cwd)) {
  for (const std::string& home : homes_) {
    const std::string real = real_path(home);
    if (home_.empty() && real != "/") home_ = real;
  }
}

mcp::Result<> SandboxView::find(const std::string& program, const mcp::ChildSpec& child, const std::string& cache) {
  if (homes_.empty()) {
    return mcp::fail(mcp::ErrorCode::sandbox_unavailable,
                     "no sandbox, so it was not started: the home folder whose secrets it is to hide is not known.",
                     "Set HOME for the gateway, or give its user a home folder in the system's list of users (/etc/passwd).");
  }
  list_secrets();
  if (auto sound = check_named(); !sound) return sound;
  if (spec_.sandbox.level == SandboxLevel::strict) {
    add_strict();
  } else {
    add_standard();
  }
  add_program(program, child, kMaxInterpreters);
  add_script(program, child);
  add_named();
  settle_cwd();
  if (auto hidden = hide_secrets(); !hidden) return hidden;
  if (!cache.empty()) places_[cache] = Sight::write;
  return {};
}

/// A folder that the entry names has to be there; the gateway's own has not.
void SandboxView::settle_cwd() {
  if (sees(cwd_)) return;
  if (!spec_.cwd.empty() && !is_too_much(cwd_)) {
    places_.try_emplace(cwd_, Sight::read);
  } else {
    cwd_ = home_.empty() || (places_.contains("/") && !sees(home_)) ? "/" : home_;
  }
}

void SandboxView::add_standard() {
  places_["/"] = Sight::read;
  for (const auto folder : {"/tmp"sv, "/var/tmp"sv, "/run"sv}) {
    if (const std::string real = real_path(std::string(folder)); !real.empty()) places_[real] = Sight::empty;
  }
  if (!home_.empty() && !sees(home_)) places_.try_emplace(home_, Sight::read);
  // Sockets of the system and of the session lie in /run: docker's, the keyring's, the bus, through which there is a way out.
  for (const auto path : {"/run/current-system"sv, "/run/opengl-driver"sv}) {
    std::error_code error;
    if (fs::exists(path, error)) places_[std::string(path)] = Sight::read;
  }
  if (const std::string resolver = real_path("/etc/resolv.conf"); is_in(resolver, "/run")) places_[resolver] = Sight::read;
}

void SandboxView::add_strict() {
  add_system();
  places_["/tmp"] = Sight::empty;
  if (!home_.empty()) places_[home_] = Sight::empty;
}

void SandboxView::add_system() {
  std::error_code error;
  for (const std::string_view name : kSystem) {
    const std::string path(name);
    if (fs::is_symlink(path, error)) {
      links_[path] = fs::read_symlink(path, error).string();
    } else if (fs::exists(path, error)) {
      places_[path] = Sight::read;
    }
  }
  for (const std::string_view name : kSettings) {
    const std::string path = "/etc/" + std::string(name);
    const std::string real = real_path(path);
    if (real.empty()) continue;
    places_[path] = Sight::read;
    if (!sees(real)) places_[real] = Sight::read;
  }
}

bool SandboxView::sees(const std::string& path) const {
  const Sight sight = sight_of(path);
  return sight == Sight::read || sight == Sight::write;
}

/// What it is by the most specific place.
Sight SandboxView::sight_of(const std::string& path) const {
  for (std::string at = path;; at = parent_of(at)) {
    if (links_.contains(at)) return Sight::read;
    const auto place = places_.find(at);
    if (place != places_.end()) return place->second;
    if (at.size() <= 1) return Sight::hidden;
  }
}

/// Whether the program of this server, or of another with the same entry, may have put something on the way to the path.
bool SandboxView::is_writable_on_the_way(const std::string& path) const {
  return std::ranges::any_of(way_to(path), [this](const PathStep& step) { return writable_above(step.entry); });
}

/// Whether the entry lies in a folder of "write".
bool SandboxView::writable_above(const std::string& entry) const {
  return std::ranges::any_of(writable_, [&](const std::string& place) { return entry != place && is_in(entry, place); });
}

/// Folders that hold much besides a program.
bool SandboxView::is_too_much(const std::string& folder) const {
  if (folder.size() <= 1 || is_in(home_.empty() ? "/root" : home_, folder)) return true;
  return folder == "/tmp" || folder == "/etc" || folder == "/var" || folder == home_ + "/.local" || folder == home_ + "/.config";
}

/// The folder of what a file is part of and needs: all npm packages that are installed with its own, or its project; "" where none
/// is to be told.
std::string SandboxView::package_of(const std::string& file) const {
  constexpr std::string_view kPackages = "/node_modules";
  if (const std::size_t at = file.find(std::string(kPackages) + "/"); at != std::string::npos) {
    return file.substr(0, at + kPackages.size());
  }
  std::error_code error;
  for (std::string folder = parent_of(file); !is_too_much(folder); folder = parent_of(folder)) {
    if (fs::exists(folder + "/package.json", error) || fs::exists(folder + "/pyproject.toml", error)) return folder;
  }
  return "";
}

/// A program's package, or its folder; of one in a "bin", what that belongs to, where its libraries are.
void SandboxView::add_place_of(const std::string& file) {
  if (sees(file)) return;
  if (const std::string package = package_of(file); !package.empty()) {
    places_[package] = Sight::read;
    return;
  }
  const std::string folder = parent_of(file);
  const std::string name = fs::path(folder).filename().string();
  const std::string prefix = parent_of(folder);
  if ((name == "bin" || name == "shims" || name == ".bin") && !is_too_much(prefix)) {
    places_[prefix] = Sight::read;
  } else {
    places_[is_too_much(folder) ? file : folder] = Sight::read;
  }
}

void SandboxView::add_program(const std::string& path, const mcp::ChildSpec& child, int depth) {
  const std::string real = real_path(path);
  // Where its links lead, and which interpreter it names, is what another program may have put there: that earns no place.
  if (real.empty() || is_writable_on_the_way(path)) return;
  add_place_of(path);
  add_place_of(real);
  const auto interpreter = interpreter_of(real);
  if (interpreter.empty() || depth == 0) return;
  const bool looked_up = fs::path(interpreter.front()).filename() == "env" && interpreter.size() > 1;
  mcp::ChildSpec next;
  next.command = looked_up ? interpreter[1] : interpreter.front();
  next.env = child.env;
  next.cwd = cwd_;
  if (const auto found = mcp::find_program(next)) add_program(*found, child, depth - 1);
}

/// What an interpreter is to run, its first argument that is no option, with what it is part of. Any other program is given but the
/// file.
void SandboxView::add_script(const std::string& program, const mcp::ChildSpec& child) {
  const std::string name = fs::path(program).filename().string();
  const auto is_word = [](const std::string& argument) { return !argument.starts_with('-'); };
  auto at = std::ranges::find_if(child.args, is_word);
  if (at != child.args.end() && *at == "run" && (name == "deno" || name == "bun"))
    at = std::find_if(at + 1, child.args.end(), is_word);
  if (at == child.args.end()) return;
  const std::string path = (fs::path(cwd_) / *at).string();
  const std::string file = real_path(path);
  std::error_code error;
  if (file.empty() || !fs::is_regular_file(file, error) || is_writable_on_the_way(path)) return;
  if (is_interpreter(name)) {
    const bool relative = !at->starts_with('/');
    if (relative && !is_too_much(cwd_)) places_.try_emplace(cwd_, Sight::read);
    if (!relative) add_place_of(*at);
    return add_place_of(file);
  }
  for (const std::string& one : {written_path(path), file}) {
    if (!sees(one)) places_[one] = Sight::read;
  }
}

}  // namespace gateway

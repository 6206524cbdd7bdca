#include "gateway/upstream/sandbox_view.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "mcp/process/program_path.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;
using std::string_view_literals::operator""sv;

/// In the home folder: keys, tokens, passwords, histories, browsers' profiles, other agents' settings.
constexpr auto kSecrets = std::to_array<std::string_view>({
    // Keys and tokens of tools.
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".oci",
    ".fly",
    ".vault-token",
    ".terraform.d",
    ".terraformrc",
    ".age",
    ".netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".s3cfg",
    ".boto",
    ".config/gcloud",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".config/git/credentials",
    ".config/rclone",
    ".config/doctl",
    ".config/heroku",
    ".config/sops",
    ".config/containers/auth.json",
    ".config/op",
    ".config/netlify",
    ".config/configstore",
    ".config/stripe",
    ".config/hcloud",
    ".local/share/com.vercel.cli",
    // Registries.
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".config/pip",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".nuget/NuGet/NuGet.Config",
    // Password stores.
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".config/keepassxc",
    ".config/Bitwarden",
    ".config/1Password",
    ".pki",
    // Browsers and mail.
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/vivaldi",
    ".config/opera",
    "snap",
    ".var/app",
    // What was typed.
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".node_repl_history",
    ".psql_history",
    ".mysql_history",
    ".lesshst",
    ".local/share/fish",
    // Other agents and MCP clients, ours among them.
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".cursor",
    ".mcp-auth",
    ".config/Claude",
    ".config/Code",
    ".config/Cursor",
    ".config/switchyard",
    ".local/state/switchyard",
});

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

std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? "" : real.string();
}

/// Whether `path` is `folder` or lies in it.
bool is_in(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string parent_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

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

}  // namespace

SandboxView::SandboxView(const StdioSpec& spec, const Environment& environment, std::string cwd)
    : spec_(spec), environment_(environment), home_(real_path(environment("HOME").value_or(""))), cwd_(std::move(cwd)) {
  if (home_ == "/") home_.clear();
}

mcp::Result<> SandboxView::find(const std::string& program, const mcp::ChildSpec& child, const std::string& cache) {
  if (spec_.sandbox.level == SandboxLevel::strict) {
    add_strict();
  } else {
    add_standard();
  }
  add_program(program, child, kMaxInterpreters);
  add_script(child);
  if (auto named = add_named(); !named) return named;
  settle_cwd();
  if (!cache.empty()) named_.insert(cache);
  if (!cache.empty()) places_[cache] = Sight::write;
  hide_secrets();
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
  for (std::string at = path;; at = parent_of(at)) {
    if (links_.contains(at)) return true;
    const auto place = places_.find(at);
    if (place != places_.end()) return place->second == Sight::read || place->second == Sight::write;
    if (at.size() <= 1) return false;
  }
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
  if (real.empty()) return;
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

/// The first argument that is a file: what an interpreter is to run.
void SandboxView::add_script(const mcp::ChildSpec& child) {
  std::error_code error;
  for (const std::string& argument : child.args) {
    if (argument.starts_with('-')) continue;
    const std::string file = real_path((fs::path(cwd_) / argument).string());
    if (file.empty() || !fs::is_regular_file(file, error)) return;
    if (!argument.starts_with('/') && !is_too_much(cwd_)) places_.try_emplace(cwd_, Sight::read);
    if (argument.starts_with('/')) add_place_of(argument);
    return add_place_of(file);
  }
}

void SandboxView::hide(const std::string& path) {
  // Where a link leads: its own place is no mount's.
  const std::string real = real_path(path);
  if (!real.empty() && real != home_ && !named_.contains(real) && sees(real)) places_[real] = Sight::hidden;
}

void SandboxView::hide_secrets() {
  if (!home_.empty()) {
    for (const std::string_view name : kSecrets)
      hide(home_ + "/" + std::string(name));
  }
  if (const auto state = environment_("SWITCHYARD_STATE")) hide(*state);
  std::istringstream configurations(environment_("SWITCHYARD_WITHIN").value_or(""));
  for (std::string file; std::getline(configurations, file);)
    hide(file);
  // Root has no more rights in the sandbox than any owner of a file, but these are its own.
  if (geteuid() != 0) return;
  for (const auto path :
       {"/etc/shadow"sv, "/etc/shadow-"sv, "/etc/gshadow"sv, "/etc/gshadow-"sv, "/etc/sudoers"sv, "/etc/ssl/private"sv})
    hide(std::string(path));
}

namespace {

std::unexpected<mcp::Error> not_there(const std::string& path, const std::string& key) {
  std::string message = "no sandbox, so it was not started: " + path;
  message += ", which \"sandbox\".\"" + key + "\" names, does not exist or cannot be reached.";
  return mcp::fail(mcp::ErrorCode::sandbox_unavailable, std::move(message), "Create it, or take it out of \"" + key + "\".");
}

}  // namespace

mcp::Result<> SandboxView::add_named() {
  for (const bool writable : {false, true}) {
    for (const std::string& path : writable ? spec_.sandbox.write : spec_.sandbox.read) {
      const std::string real = real_path(path);
      if (real.empty()) return not_there(path, writable ? "write" : "read");
      const Sight sight = writable ? Sight::write : Sight::read;
      places_[real] = sight;
      named_.insert(real);
      // Under the name it was given, too, where what leads there is not to be seen.
      if (path != real && !places_.contains("/")) places_[path] = sight;
    }
  }
  return {};
}

}  // namespace gateway

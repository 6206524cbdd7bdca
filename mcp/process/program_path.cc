#include "mcp/process/program_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

namespace mcp {

namespace {

constexpr std::string_view kDefaultPath = "/bin:/usr/bin";  // what execvp takes where PATH is not set
constexpr std::size_t kMaxShownFolders = 3;
constexpr std::size_t kMaxShownPath = 300;

std::string quote(std::string_view text) {
  std::string quoted("'");
  quoted.append(text);
  quoted.push_back('\'');
  return quoted;
}

std::string reason(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);
}

enum class FileKind { program, missing, directory, not_executable, unreachable };

FileKind look_at(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return errno == EACCES ? FileKind::unreachable : FileKind::missing;
  if (S_ISDIR(info.st_mode)) return FileKind::directory;
  if (!S_ISREG(info.st_mode) || faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return FileKind::not_executable;
  return FileKind::program;
}

/// Absolute, because the child executes only after it has changed to `cwd`.
std::string resolve(const std::string& path, const std::string& cwd) {
  if (path.starts_with('/')) return path;
  std::error_code error;
  const auto base = std::filesystem::absolute(cwd.empty() ? "." : cwd, error);
  return (base / path).string();
}

std::unexpected<Error> not_a_program(FileKind kind, const std::string& path) {
  switch (kind) {
    case FileKind::directory:
      return fail(ErrorCode::spawn_failed, quote(path) + " is a directory, not a program.", "Give the path of the program in it.");
    case FileKind::not_executable:
      return fail(ErrorCode::spawn_failed, quote(path) + " is not executable.", "Run: chmod +x " + path);
    case FileKind::unreachable:
      return fail(ErrorCode::spawn_failed, "permission denied on the way to " + quote(path) + ".");
    default:
      return fail(
          ErrorCode::spawn_failed, "command " + quote(path) + " does not exist.", "Check the path, or install the program.");
  }
}

Result<> check_cwd(const std::string& cwd) {
  if (cwd.empty()) return {};
  struct stat info{};
  if (stat(cwd.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorCode::spawn_failed, "working directory " + quote(cwd) + " does not exist.", "Create it, or correct cwd.");
    }
    return std::unexpected(refused_by_system("working directory " + quote(cwd), errno));
  }
  if (!S_ISDIR(info.st_mode)) return fail(ErrorCode::spawn_failed, "working directory " + quote(cwd) + " is not a directory.");
  return {};
}

Result<> check_strings(const ChildSpec& spec) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (has_nul(spec.command) || has_nul(spec.cwd) || std::ranges::any_of(spec.args, has_nul) ||
      std::ranges::any_of(spec.env, has_nul)) {
    return fail(ErrorCode::spawn_failed, "command, arguments, environment and cwd must not contain NUL characters.");
  }
  if (spec.command.empty()) return fail(ErrorCode::spawn_failed, "the command is empty.", "Name the program to run.");
  return {};
}

std::string_view path_variable(const ChildSpec& spec) {
  for (const std::string& entry : spec.env) {
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  }
  return kDefaultPath;
}

/// "PATH (/bin:/usr/bin)", or "the 12 folders of PATH".
std::string shown_path(std::string_view path) {
  const auto folders = static_cast<std::size_t>(std::ranges::count(path, ':')) + 1;
  if (folders > kMaxShownFolders || path.size() > kMaxShownPath) return "the " + std::to_string(folders) + " folders of PATH";
  return "PATH (" + std::string(path) + ")";
}

Result<std::string> search_path(const ChildSpec& spec) {
  const std::string_view path = path_variable(spec);
  std::string blocked;  // found, but not executable: named only where nothing better comes
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string folder(path.substr(begin, end - begin));
    begin = end + 1;
    if (folder.empty()) folder.push_back('.');  // POSIX: an empty item is the working directory
    std::string candidate = resolve(folder + "/" + spec.command, spec.cwd);
    const FileKind kind = look_at(candidate);
    if (kind == FileKind::program) return candidate;
    if (kind == FileKind::not_executable && blocked.empty()) blocked = std::move(candidate);
  }
  if (!blocked.empty()) return not_a_program(FileKind::not_executable, blocked);
  return fail(ErrorCode::spawn_failed,
              "command " + quote(spec.command) + " not found in " + shown_path(path) + ".",
              "Install it, or give its full path.");
}

}  // namespace

Result<std::string> find_program(const ChildSpec& spec) {
  if (auto strings = check_strings(spec); !strings) return std::unexpected(std::move(strings).error());
  if (auto cwd = check_cwd(spec.cwd); !cwd) return std::unexpected(std::move(cwd).error());
  if (spec.command.find('/') == std::string::npos) return search_path(spec);
  std::string path = resolve(spec.command, spec.cwd);
  const FileKind kind = look_at(path);
  if (kind != FileKind::program) return not_a_program(kind, path);
  return path;
}

Error refused_by_system(std::string what, int error) {
  Error result{ErrorCode::spawn_failed, std::move(what) + ": " + reason(error) + "."};
  switch (error) {
    case EMFILE:
    case ENFILE:
      result.remedy = "Raise the limit on open files (ulimit -n).";
      [[fallthrough]];
    case EAGAIN:
    case ENOMEM:
    case ETXTBSY:
      result.code = ErrorCode::overloaded;
      return result;
    default:
      return result;
  }
}

Error start_error(const ChildSpec& spec, const std::string& path, std::string_view stage, int error) {
  Error result{ErrorCode::spawn_failed, {}};
  if (stage == "chdir") {
    result = refused_by_system("working directory " + quote(spec.cwd), error);
  } else if (stage != "exec") {
    result = refused_by_system("no process for " + quote(spec.command) + " (" + std::string(stage) + ")", error);
  } else if (error == ENOENT) {
    result.message = quote(path) + " cannot run: the interpreter it names does not exist.";
    result.remedy = "Check its first line (#!), or install the interpreter.";
  } else if (error == ENOEXEC) {
    result.message = quote(path) + " is no program for this system.";
    result.remedy = "A script needs a first line like #!/bin/sh.";
  } else if (error == E2BIG) {
    result.message = "arguments and environment of " + quote(path) + " are too long for the system.";
  } else {
    result = refused_by_system(quote(path) + " cannot run", error);
  }
  return result;
}

Error unconfined_error(const ChildSpec& spec, std::string_view stage, int error, const std::string& said) {
  const std::string shown = quote(spec.shown.empty() ? spec.command : spec.shown);
  Error result{ErrorCode::sandbox_unavailable, "no sandbox for " + shown + ", so it was not started: "};
  if (stage == "sandbox") {
    result.message += said.empty() ? "bubblewrap ended without a word." : said;
    const bool forbidden = said.contains("ermitted") || said.contains("ermission denied") || said.contains("amespace");
    result.remedy =
        forbidden ? "Allow this user to make namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces, "
                    "kernel.apparmor_restrict_unprivileged_userns; in a container: its seccomp profile), or set \"sandbox\" to "
                    "\"off\" for this server."
                  : "Correct its \"sandbox\", or set that to \"off\".";
  } else if (stage == "exec" && error == ENOENT) {
    result.code = ErrorCode::spawn_failed;
    result.message = shown + " cannot run in its sandbox: it, its interpreter or a library it needs is not to be seen there.";
    result.remedy = "Add the folder it lies in to \"sandbox\".\"read\".";
  } else if (stage == "exec") {
    result.code = ErrorCode::spawn_failed;
    result.message = shown + " cannot run in its sandbox: " + reason(error) + ".";
  } else if (stage == "fork" || stage == "chdir") {
    return start_error(spec, spec.command, stage, error);
  } else {
    result.message += "the system refused its " + std::string(stage) + " (" + reason(error) + ").";
    result.remedy = "It wants a kernel with seccomp filters, or set \"sandbox\" to \"off\" for this server.";
  }
  return result;
}

}  // namespace mcp

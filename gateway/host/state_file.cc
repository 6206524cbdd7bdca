#include "gateway/host/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "gateway/config/file_replacement.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

std::string info_path(const std::string& state_dir) {
  return state_dir + "/gateway.json";
}

std::string lock_path(const std::string& state_dir) {
  return state_dir + "/gateway.lock";
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::unexpected<mcp::Error> unreadable(const std::string& path, const std::string& why) {
  return fail(ErrorCode::io_error, "cannot read " + path + ": " + why, "Check the folder, or name another with --state DIR.");
}

Result<std::optional<RunningGateway>> read_info(const std::string& state_dir) {
  const std::string path = info_path(state_dir);
  std::ifstream file(path);
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) return unreadable(path, reason(errno));
  std::stringstream text;
  text << file.rdbuf();
  const auto json = nlohmann::json::parse(text.str(), nullptr, false);
  if (!json.is_object()) return unreadable(path, "it is not what a gateway writes");
  const auto string_at = [&](const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
  };
  RunningGateway gateway;
  gateway.pid = json.contains("pid") && json["pid"].is_number_integer() ? json["pid"].get<int>() : 0;
  gateway.mcp_url = string_at("mcpUrl");
  gateway.local_url = string_at("localUrl");
  if (gateway.local_url.empty()) gateway.local_url = gateway.mcp_url;
  gateway.mcp_token = string_at("mcpToken");
  gateway.admin_url = string_at("adminUrl");
  gateway.token = string_at("token");
  gateway.config = string_at("config");
  return gateway;
}

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// True when somebody holds the lock. Only asks: taking it, however shortly, could keep a gateway from starting.
Result<bool> is_locked(const std::string& state_dir) {
  const std::string path = lock_path(state_dir);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
  if (descriptor < 0) return unreadable(path, reason(errno));
  auto lock = whole_file();
  const bool asked = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!asked) return unreadable(path, reason(error));
  return lock.l_type != F_UNLCK;
}

bool is_same_file(const std::string& path, int descriptor) {
  struct stat named{}, opened{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

/// Makes the folder, open to its owner alone.
std::error_code make_state_dir(const std::string& state_dir) {
  std::error_code error;
  if (std::filesystem::is_directory(state_dir, error)) return {};
  std::filesystem::create_directories(state_dir, error);
  if (!error && ::chmod(state_dir.c_str(), 0700) != 0) error.assign(errno, std::generic_category());
  return error;
}

}  // namespace

Result<std::optional<RunningGateway>> find_running_gateway(const std::string& state_dir) {
  const auto locked = is_locked(state_dir);
  if (!locked) return std::unexpected(locked.error());
  if (!*locked) return std::nullopt;
  return read_info(state_dir);
}

StateLock::StateLock(std::string state_dir, int descriptor) : state_dir_(std::move(state_dir)), descriptor_(descriptor) {}

Result<std::unique_ptr<StateLock>> StateLock::acquire(const std::string& state_dir) {
  if (const auto error = make_state_dir(state_dir)) {
    return fail(ErrorCode::io_error,
                "cannot make the state folder " + state_dir + ": " + error.message(),
                "Name another with --state DIR.");
  }
  const int descriptor = ::open(lock_path(state_dir).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(
        ErrorCode::io_error, "cannot open " + lock_path(state_dir) + ": " + reason(errno), "Name another folder with --state DIR.");
  }
  auto lock = whole_file();
  if (::fcntl(descriptor, F_OFD_SETLK, &lock) != 0) {
    const int error = errno;
    ::close(descriptor);
    if (error != EAGAIN && error != EACCES) {
      return fail(ErrorCode::io_error,
                  "cannot lock " + lock_path(state_dir) + ": " + reason(error),
                  "Name a folder on another file system with --state DIR.");
    }
    const auto other = read_info(state_dir);
    const bool named = other && *other && (*other)->pid > 0;
    const std::string who = named ? "pid " + std::to_string((*other)->pid) : "another process";
    return fail(ErrorCode::config_invalid,
                "a gateway already runs on " + state_dir + " (" + who + ")",
                "Stop it first, or give this one a state folder of its own with --state DIR.");
  }
  ::unlink(info_path(state_dir).c_str());
  return std::unique_ptr<StateLock>(new StateLock(state_dir, descriptor));
}

StateLock::~StateLock() {
  // Where the folder was removed under us, what is there now is another gateway's.
  if (published_ && is_same_file(lock_path(state_dir_), descriptor_)) ::unlink(info_path(state_dir_).c_str());
  ::close(descriptor_);
}

Result<> StateLock::publish(const RunningGateway& gateway) {
  nlohmann::ordered_json json;
  json["pid"] = gateway.pid;
  json["mcpUrl"] = gateway.mcp_url;
  json["localUrl"] = gateway.local_url;
  json["mcpToken"] = gateway.mcp_token;
  json["adminUrl"] = gateway.admin_url;
  json["token"] = gateway.token;
  json["config"] = gateway.config;
  const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const std::string path = info_path(state_dir_);
  if (const std::string why = write_private_file(path, text); !why.empty()) {
    return fail(ErrorCode::io_error, "cannot write " + path + ": " + why, "Name another folder with --state DIR.");
  }
  published_ = true;
  return {};
}

}  // namespace gateway

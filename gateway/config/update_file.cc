#include "gateway/config/update_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/config/file_replacement.h"
#include "gateway/config/text_file.h"
#include "mcp/process/unique_fd.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::UniqueFd;

constexpr mode_t kNewFile = 0600, kNewFolder = 0700;  // configurations may hold secrets

std::string remedy_for(int number, const std::string& folder) {
  switch (number) {
    case EACCES:
    case EPERM:
      return "Let the user that runs switchyard write to the folder " + folder + ".";
    case EROFS:
      return "Its file system is read-only: name another file with --config FILE.";
    case ENOSPC:
    case EDQUOT:
      return "Make room on the disk it is on.";
    case ENAMETOOLONG:
      return "Give it a shorter name.";
    case ENOTDIR:
      return "Name another file with --config FILE.";
    default:
      return "Check the disk it is on.";
  }
}

std::unexpected<mcp::Error> cannot_write(const std::string& file, int number) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return fail(
      ErrorCode::io_error, "cannot write " + file + ": " + std::generic_category().message(number), remedy_for(number, folder));
}

Result<> make_folder(const std::string& file, const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
  if (auto above = make_folder(file, folder.parent_path()); !above) return above;
  if (::mkdir(folder.c_str(), kNewFolder) == 0) return {};
  int number = errno;
  if (number == EEXIST) {
    if (std::filesystem::is_directory(folder, error)) return {};
    number = ENOTDIR;
  }
  return fail(ErrorCode::io_error,
              "cannot make the folder " + folder.string() + " for " + file + ": " + std::generic_category().message(number),
              remedy_for(number, folder.parent_path().string()));
}

/// A lock on the folder, kept as long as the result: it leaves no file behind, and all who change the file find it. File systems
/// that lock no folders (NFS) go without.
Result<UniqueFd> lock_folder(const std::string& file, const std::string& folder) {
  constexpr auto kPatience = std::chrono::seconds(10);
  constexpr auto kPause = std::chrono::milliseconds(20);
  UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return cannot_write(file, errno);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) break;
    if (std::chrono::steady_clock::now() > until) {
      const std::string holder = ": another process has kept the folder " + folder;
      return fail(ErrorCode::io_error, file + holder + " locked for 10 s", "Try again.");
    }
    std::this_thread::sleep_for(kPause);
  }
  return opened;
}

/// Replacing a file needs no right to write to it, so that right is asked for by itself.
Result<> check_writable(const std::string& file, const struct stat& status) {
  constexpr mode_t kAnyWrite = S_IWUSR | S_IWGRP | S_IWOTH;
  if (::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) != 0 && errno == EROFS) return cannot_write(file, EROFS);
  if ((status.st_mode & kAnyWrite) == 0 || ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) != 0) {
    return fail(ErrorCode::io_error, file + " is read-only", "Make it writable (chmod u+w), or name another with --config FILE.");
  }
  return {};
}

/// As that file has them; after it was written, so that nobody else reads what is not his before.
Result<> take_owner_and_mode(const std::string& file, int replacement, const struct stat& status) {
  struct stat own{};
  if (::fstat(replacement, &own) != 0) return cannot_write(file, errno);
  const bool foreign = own.st_uid != status.st_uid || own.st_gid != status.st_gid;
  if (foreign && ::fchown(replacement, status.st_uid, status.st_gid) != 0) {
    return fail(ErrorCode::io_error,
                file + " belongs to another user or group, which it would lose",
                "Run the command as the user it belongs to.");
  }
  if (::fchmod(replacement, status.st_mode & 07777) != 0) return cannot_write(file, errno);
  return {};
}

enum class Step { done, again };

/// Reads, changes and replaces once; again where somebody without the lock changed the file meanwhile.
Result<Step> try_update(const std::string& file, std::size_t max_bytes, const TextChange& change, const UniqueFd& folder) {
  const auto before = read_if_there(file, max_bytes);
  if (!before) return std::unexpected(before.error());
  const auto after = change(*before);
  if (!after) return std::unexpected(after.error());
  if (*before == *after) return Step::done;
  struct stat status{};
  if (*before && ::stat(file.c_str(), &status) != 0) return Step::again;
  if (!*before) {
    status.st_mode = kNewFile;
    status.st_uid = ::geteuid();
    status.st_gid = ::getegid();
  } else if (auto writable = check_writable(file, status); !writable) {
    return std::unexpected(writable.error());
  }
  FileReplacement replacement(file);
  if (const int failed = replacement.write(*after); failed != 0) return cannot_write(file, failed);
  // A new file's group is the folder's choice.
  if (*before) {
    if (auto kept = take_owner_and_mode(file, replacement.descriptor(), status); !kept) return std::unexpected(kept.error());
  }
  const auto now = read_if_there(file, max_bytes);
  if (!now) return std::unexpected(now.error());
  if (*now != *before) return Step::again;
  if (const int failed = replacement.put_in_place(); failed != 0) return cannot_write(file, failed);
  // The new text is there by now; that a disk cannot promise to keep it is no failure of the change.
  ::fsync(folder.get());
  return Step::done;
}

}  // namespace

Result<std::optional<std::string>> read_if_there(const std::string& file, std::size_t max_bytes) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 && errno == ENOENT) return std::nullopt;
  auto text = read_text_file(file, max_bytes);
  if (!text) {
    if (!text.error().remedy.empty()) text.error().remedy += '.';
    return std::unexpected(std::move(text).error());
  }
  return std::move(*text);
}

Result<std::string> behind_links(const std::string& file) {
  constexpr int kMostLinks = 40;
  std::filesystem::path path(file);
  std::error_code error;
  for (int links = 0; links < kMostLinks; ++links) {
    if (!std::filesystem::is_symlink(path, error)) return path.string();
    const std::filesystem::path leads_to = std::filesystem::read_symlink(path, error);
    if (error) return fail(ErrorCode::io_error, file + ": cannot be read: " + error.message(), "Check the link.");
    path = leads_to.is_absolute() ? leads_to : path.parent_path() / leads_to;
  }
  return fail(ErrorCode::io_error, file + ": its symbolic links lead back to themselves", "Mend them.");
}

Result<> update_file(const std::string& file, std::size_t max_bytes, const TextChange& change) {
  constexpr int kTries = 10;
  const auto target = behind_links(file);
  if (!target) return std::unexpected(target.error());
  const std::filesystem::path parent = std::filesystem::path(*target).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (std::error_code error; !std::filesystem::is_directory(folder, error)) {
    // A change that is refused leaves no folder behind.
    if (const auto text = change(std::nullopt); !text) return std::unexpected(text.error());
    if (auto made = make_folder(*target, parent); !made) return made;
  }
  const auto lock = lock_folder(*target, folder);
  if (!lock) return std::unexpected(lock.error());
  for (int i = 0; i < kTries; ++i) {
    const auto step = try_update(*target, max_bytes, change, *lock);
    if (!step) return std::unexpected(step.error());
    if (*step == Step::done) return {};
  }
  return fail(ErrorCode::io_error, *target + ": something else keeps changing it", "Try again once it is done.");
}

}  // namespace gateway

#include "oauth/private_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "mcp/base/random.h"
#include "mcp/process/proc_files.h"
#include "mcp/process/unique_fd.h"
#include "oauth/credential_store.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::UniqueFd;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNewPrefix = ".new-";
constexpr int kTries = 16;
constexpr std::size_t kMostNames = 100'000;

std::string remedy_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "Make room on its disk.";
    case EROFS:
      return "Its file system is read-only: make it writable, or name another folder with --state DIR.";
    case EACCES:
    case EPERM:
      return "Give it to the user that runs this, or name another folder with --state DIR.";
    case EMFILE:
    case ENFILE:
      return "Raise the limit of open files.";
    default:
      return "Check the folder and its disk, or name another with --state DIR.";
  }
}

std::unexpected<Error> cannot(const std::string& what, const std::string& file, int error) {
  return fail(ErrorCode::io_error, "cannot " + what + " " + file + ": " + std::generic_category().message(error), remedy_of(error));
}

bool is_at(const std::string& path, const UniqueFd& file) {
  struct stat named{}, opened{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(file.get(), &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

int lock_now(const UniqueFd& file) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// What it has in it is what it will have after a power cut. Some file systems cannot promise that, and others need not.
int sync_folder(const std::string& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return errno == EACCES ? 0 : errno;
  return ::fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS ? errno : 0;
}

/// Pids mean something within one start of a machine and one namespace; a folder may be shared by several.
std::string pid_space() {
  std::string space = mcp::read_proc_file("/proc/sys/kernel/random/boot_id");
  while (space.ends_with('\n'))
    space.pop_back();
  std::array<char, 64> name{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  return space + " " + std::string(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0U);
}

/// Says who has it as long as it is held, for those who wait. The file stays: one that is removed while others open it would be a
/// lock of its own for each.
class FileLock final : public StoreLock {
 public:
  explicit FileLock(UniqueFd file) : file_(std::move(file)) {}

  ~FileLock() override {
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), 0);
    // A process that is just being forked has the descriptor, too, until it becomes another program.
    ::flock(file_.get(), LOCK_UN);
  }

 private:
  UniqueFd file_;
};

}  // namespace

/// A file in the folder under a name that nobody else has, gone with this object unless it took its place. Until then it is locked,
/// by which remove_leftovers() knows that somebody is at it. What the functions return is errno, 0 where it is done.
class PrivateFolder::NewFile {
 public:
  explicit NewFile(const PrivateFolder& folder) : folder_(folder) {}

  ~NewFile() {
    if (there_ && folder_.step("unlink") == 0) ::unlink(path_.c_str());
  }

  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int make() {
    for (int tries = 0; tries < kTries; ++tries) {
      path_ = folder_.file(std::string(kNewPrefix) + mcp::random_hex(16));
      if (const int failed = folder_.step("open")) return failed;
      file_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (file_.get() < 0) return errno;
      there_ = true;
      int failed = folder_.step("lock");
      if (failed == 0) failed = lock_now(file_);
      if (failed != 0 && failed != EWOULDBLOCK) return failed;
      // Between the two it may have been taken for a leftover.
      if (failed == 0 && is_at(path_, file_)) return 0;
      ::unlink(path_.c_str());
      there_ = false;
    }
    return EBUSY;
  }

  int write(std::string_view text) {
    if (const int failed = folder_.step("write")) return failed;
    if (const int failed = write_all(file_.get(), text)) return failed;
    if (const int failed = folder_.step("fsync")) return failed;
    return ::fsync(file_.get()) == 0 ? 0 : errno;
  }

  int rename_to(const std::string& path) {
    if (const int failed = folder_.step("rename")) return failed;
    if (::rename(path_.c_str(), path.c_str()) != 0) return errno;
    there_ = false;
    return 0;
  }

  int link_to(const std::string& path) {
    if (const int failed = folder_.step("link")) return failed;
    return ::link(path_.c_str(), path.c_str()) == 0 ? 0 : errno;
  }

 private:
  const PrivateFolder& folder_;
  std::string path_;
  UniqueFd file_;
  bool there_ = false;
};

PrivateFolder::PrivateFolder(std::string path, StepHook before_step)
    : path_(std::move(path)), before_step_(std::move(before_step)) {}

Result<std::optional<std::string>> PrivateFolder::read(const std::string& name, std::size_t at_most, Readers readers) const {
  const std::string path = file(name);
  const UniqueFd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (opened.get() < 0 && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) return cannot("read", path, errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::io_error, path + " is no file", "Move it away.");
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorCode::io_error,
                path + " belongs to another user (uid " + std::to_string(status.st_uid) + ")",
                "Run this as that user, or name another folder with --state DIR.");
  }
  if (readers == Readers::owner && (status.st_mode & 077) != 0) {
    return fail(ErrorCode::io_error,
                path + " is open to other users",
                "Run: chmod 600 " + path + ". If somebody else may have read it, log in to the servers again afterwards.");
  }
  std::string text(at_most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(opened.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("read", path, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > at_most) return fail(ErrorCode::io_error, path + " is larger than anything that is written there", "Move it away.");
  text.resize(size);
  return text;
}

/// Each folder it makes is for its user alone.
int PrivateFolder::make_with_parents(const std::string& path) const {
  const std::string parent = fs::path(path).parent_path().string();
  struct stat status{};
  if (!parent.empty() && parent != path && ::stat(parent.c_str(), &status) != 0 && errno == ENOENT) {
    if (const int failed = make_with_parents(parent)) return failed;
  }
  if (const int failed = step("mkdir")) return failed;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  return sync_folder(parent.empty() ? "." : parent);
}

Result<> PrivateFolder::make() {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) {
    if (const int failed = make_with_parents(path_)) return cannot("make the folder", path_, failed);
  }
  return check();
}

Result<> PrivateFolder::check() const {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return cannot("use the folder", path_, errno);
  if (!S_ISDIR(status.st_mode)) return fail(ErrorCode::io_error, path_ + " is no folder", "Move it away.");
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorCode::io_error,
                path_ + " belongs to another user (uid " + std::to_string(status.st_uid) + ")",
                "Run this as that user, or name another folder with --state DIR.");
  }
  if ((status.st_mode & 022) != 0)
    return fail(ErrorCode::io_error, "other users may change what is in " + path_, "Run: chmod 700 " + path_);
  return {};
}

Result<> PrivateFolder::sync() const {
  int failed = step("fsync folder");
  if (failed == 0) failed = sync_folder(path_);
  if (failed != 0) return cannot("write", path_, failed);
  return {};
}

int PrivateFolder::write_new(NewFile& file, std::string_view text) const {
  const int failed = file.make();
  return failed == 0 ? file.write(text) : failed;
}

Result<> PrivateFolder::replace(const std::string& name, std::string_view text) {
  if (auto made = make(); !made) return made;
  NewFile file_there(*this);
  int failed = write_new(file_there, text);
  if (failed == 0) failed = file_there.rename_to(file(name));
  if (failed != 0) return cannot("write", file(name), failed);
  return sync();
}

Result<bool> PrivateFolder::create(const std::string& name, std::string_view text) {
  if (auto made = make(); !made) return std::unexpected(std::move(made).error());
  bool ours = false;
  {
    NewFile file_there(*this);
    int failed = write_new(file_there, text);
    if (failed == 0) failed = file_there.link_to(file(name));
    if (failed != 0 && failed != EEXIST) return cannot("write", file(name), failed);
    ours = failed == 0;
  }
  if (auto synced = sync(); !synced) return std::unexpected(std::move(synced).error());
  return ours;
}

Result<bool> PrivateFolder::remove(const std::string& name) {
  int failed = step("unlink");
  if (failed == 0 && ::unlink(file(name).c_str()) != 0) failed = errno;
  if (failed == ENOENT) return false;
  if (failed != 0) return cannot("remove", file(name), failed);
  if (auto synced = sync(); !synced) return std::unexpected(std::move(synced).error());
  return true;
}

Result<std::vector<std::string>> PrivateFolder::names() const {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(path_, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != fs::directory_iterator() && names.size() < kMostNames; at.increment(error))
    names.push_back(at->path().filename().string());
  if (error) return cannot("read the folder", path_, error.value());
  return names;
}

void PrivateFolder::remove_leftovers() {
  const auto all = names();
  if (!all) return;
  for (const std::string& name : *all) {
    if (!name.starts_with(kNewPrefix)) continue;
    const std::string path = file(name);
    const UniqueFd opened(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (opened.get() < 0 || lock_now(opened) != 0 || !is_at(path, opened)) continue;
    if (step("unlink") == 0) ::unlink(path.c_str());
  }
}

Result<std::unique_ptr<StoreLock>> PrivateFolder::try_lock(const std::string& name) {
  if (auto made = make(); !made) return std::unexpected(std::move(made).error());
  const std::string path = file(name);
  for (int tries = 0; tries < kTries; ++tries) {
    if (const int failed = step("open lock")) return cannot("open", path, failed);
    UniqueFd opened(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (opened.get() < 0) return cannot("open", path, errno);
    int failed = step("lock");
    if (failed == 0) failed = lock_now(opened);
    if (failed == EWOULDBLOCK) return nullptr;
    if (failed != 0) return cannot("lock", path, failed);
    // Somebody may have removed it meanwhile, and others lock the next one.
    if (!is_at(path, opened)) continue;
    // That a full disk keeps the pid out is no reason to do without the lock.
    if (step("write pid") == 0 && ::ftruncate(opened.get(), 0) == 0)
      write_all(opened.get(), std::to_string(::getpid()) + " " + pid_space() + "\n");
    return std::make_unique<FileLock>(std::move(opened));
  }
  return nullptr;
}

std::optional<int> PrivateFolder::holder_of(const std::string& name) const {
  constexpr std::size_t kMostBytes = 256;
  const auto text = read(name, kMostBytes);
  if (!text || !*text) return std::nullopt;
  const std::string& line = **text;
  int pid = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), pid);
  const bool ours = line.substr(static_cast<std::size_t>(parsed.ptr - line.data())) == " " + pid_space() + "\n";
  return pid > 0 && ours ? std::optional(pid) : std::nullopt;
}

}  // namespace oauth

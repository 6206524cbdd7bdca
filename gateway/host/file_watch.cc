#include "gateway/host/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "mcp/base/log.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr auto kLookAgain = std::chrono::milliseconds(2000);  // where a folder cannot be watched
constexpr auto kLookDelay = std::chrono::milliseconds(20);    // some folders are busy
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kMostLinks = 16;  // one leading to the next

/// What changes when a file does.
struct Signature {
  bool there = false;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec modified{}, changed{};

  static Signature of(const std::string& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) return {};
    return {true, info.st_dev, info.st_ino, info.st_size, info.st_mtim, info.st_ctim};
  }

  bool operator==(const Signature& other) const {
    const auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
    return there == other.there && device == other.device && inode == other.inode && size == other.size &&
           same(modified, other.modified) && same(changed, other.changed);
  }
};

/// The folders in which something has to happen for the file to become another: its own, and those of all links on the way to it.
std::set<std::string> folders_of(const std::string& file) {
  std::set<std::string> folders;
  fs::path path = file;
  for (int links = 0; links < kMostLinks; ++links) {
    fs::path part;
    std::optional<fs::path> next;
    for (auto component = path.begin(); component != path.end(); ++component) {
      const fs::path folder = part;
      part /= *component;
      std::error_code error;
      if (!fs::is_symlink(part, error)) continue;
      folders.insert(folder.string());
      fs::path target = fs::read_symlink(part, error);
      if (target.is_relative()) target = folder / target;
      for (++component; component != path.end(); ++component)
        target /= *component;
      next = target.lexically_normal();
      break;
    }
    if (!next) break;
    path = std::move(*next);
  }
  folders.insert(path.parent_path().string());
  return folders;
}

class InotifyWatch final : public FileWatch, public std::enable_shared_from_this<InotifyWatch> {
 public:
  InotifyWatch(const mcp::Executor& executor, std::chrono::milliseconds quiet, std::function<void()> changed)
      : quiet_(quiet), changed_(std::move(changed)), pipe_(executor), quiet_timer_(executor), look_timer_(executor) {}

  void open() {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor >= 0) {
      pipe_.assign(descriptor);
      wait();
    } else {
      mcp::log_warn("host",
                    "cannot watch files; looking at them every two seconds instead",
                    {{"cause", std::generic_category().message(errno)}});
    }
  }

  bool watch(std::vector<std::string> files) override {
    Signatures told, seen;
    bool others = false;
    for (const std::string& file : files) {
      const auto known = told_.find(file);
      others = others || known == told_.end();
      told[file] = known == told_.end() ? Signature::of(file) : known->second;
      seen[file] = known == told_.end() ? told[file] : seen_[file];
    }
    told_ = std::move(told);
    seen_ = std::move(seen);
    if (!watch_folders() && !looking_soon_) look_in(kLookAgain);
    return others;
  }

  void take_note() override {
    for (auto& [file, signature] : told_)
      signature = Signature::of(file);
    seen_ = told_;
  }

 private:
  using Signatures = std::map<std::string, Signature>;

  /// A folder that was replaced takes another watch. False where one cannot be watched: it is not there.
  bool watch_folders() {
    std::set<std::string> folders;
    for (const auto& [file, signature] : told_)
      folders.merge(folders_of(file));
    std::map<std::string, int> watched;
    bool all = pipe_.is_open();
    for (const std::string& folder : folders) {
      const int descriptor =
          pipe_.is_open() ? ::inotify_add_watch(pipe_.native_handle(), folder.c_str(), kEvents | IN_ONLYDIR) : -1;
      if (descriptor >= 0) {
        watched[folder] = descriptor;
      } else {
        all = false;
      }
    }
    std::set<int> in_use;
    for (const auto& [folder, descriptor] : watched)
      in_use.insert(descriptor);
    for (const auto& [folder, descriptor] : watched_) {
      if (!in_use.contains(descriptor)) ::inotify_rm_watch(pipe_.native_handle(), descriptor);
    }
    watched_ = std::move(watched);
    return all;
  }

  void wait() {
    pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->drain();
      if (!self->looking_soon_) self->look_in(kLookDelay);
      self->looking_soon_ = true;
      self->wait();
    });
  }

  /// What is read says only that something happened in a folder; the look at the files tells what. Never waits.
  void drain() {
    std::array<char, 16384> buffer{};
    // The check takes weak_ptr::lock() for that of a mutex. NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
    while (::read(pipe_.native_handle(), buffer.data(), buffer.size()) > 0) {
    }
  }

  void look_in(std::chrono::milliseconds delay) {
    look_timer_.expires_after(delay);
    look_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->look();
    });
  }

  void look() {
    looking_soon_ = false;
    if (!watch_folders()) look_in(kLookAgain);
    Signatures now;
    for (const auto& [file, signature] : told_)
      now[file] = Signature::of(file);
    if (now == seen_) return;
    seen_ = std::move(now);
    quiet_timer_.expires_after(quiet_);
    quiet_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->tell();
    });
  }

  void tell() {
    if (seen_ == told_) return;
    told_ = seen_;
    changed_();
  }

  const std::chrono::milliseconds quiet_;
  const std::function<void()> changed_;
  Signatures told_, seen_;
  std::map<std::string, int> watched_;  // folders
  bool looking_soon_ = false;
  boost::asio::posix::stream_descriptor pipe_;
  mcp::Timer quiet_timer_, look_timer_;
};

}  // namespace

std::shared_ptr<FileWatch> make_file_watch(const mcp::Executor& executor,
                                           std::chrono::milliseconds quiet,
                                           std::function<void()> changed) {
  auto watch = std::make_shared<InotifyWatch>(executor, quiet, std::move(changed));
  watch->open();
  return watch;
}

}  // namespace gateway

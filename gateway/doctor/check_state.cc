#include "gateway/doctor/check_state.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/config/shell_word.h"
#include "gateway/config/text_file.h"
#include "gateway/config/words.h"
#include "gateway/host/environment.h"
#include "gateway/upstream/catalog_store.h"
#include "mcp/json/text.h"
#include "mcp/process/child_records.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLittleRoom = std::uint64_t{100} << 20, kNoRoom = std::uint64_t{5} << 20;
constexpr std::size_t kShown = 3;
constexpr std::size_t kMaxCatalog = std::size_t{64} << 20;
constexpr unsigned kOfOthers = 0077;

/// The nearest folder above that is there.
std::string folder_above(const std::string& path) {
  std::error_code error;
  fs::path above = fs::path(path).parent_path();
  while (!above.empty() && above != above.root_path() && !fs::exists(above, error))
    above = above.parent_path();
  return above.string();
}

std::string user_text(uid_t user) {
  return user == 0 ? "root" : "user " + std::to_string(user);
}

class StateLook {
 public:
  explicit StateLook(const std::string& folder) : folder_(folder) {}

  Checks run() {
    struct stat info{};
    if (::stat(folder_.c_str(), &info) != 0) {
      check_missing(errno);
      return list_.take();
    }
    if (!S_ISDIR(info.st_mode)) {
      list_.error("folder", folder_ + " is no folder", "Move it away, or name another folder with --state DIR.");
      return list_.take();
    }
    check_folder(info);
    check_private("gateway.json", "the token of the admin API");
    check_private("identity.key", "the key by which the gateway knows its servers again");
    check_catalogs();
    check_children();
    return list_.take();
  }

 private:
  void check_missing(int reason) {
    const std::string above = folder_above(folder_);
    if (reason != ENOENT) {
      list_.error("folder",
                  folder_ + " cannot be reached: " + std::generic_category().message(reason),
                  "Mend the folders above it, or name another with --state DIR.");
    } else if (::access(above.c_str(), W_OK | X_OK) != 0) {
      list_.error("folder",
                  folder_ + " is not there and cannot be made: " + above + " is closed to this user",
                  "Make it and give it to this user, or name another with --state DIR.");
    } else {
      list_.ok("folder", folder_ + " is not there yet; the gateway makes it");
    }
  }

  void check_folder(const struct stat& info) {
    const unsigned mode = info.st_mode & 07777U;
    if (info.st_uid != ::geteuid()) {
      list_.error("folder",
                  folder_ + " belongs to " + user_text(info.st_uid) + ", and this is " + user_text(::geteuid()),
                  "Run switchyard as the user it belongs to, give the folder away with chown, or name another with --state DIR.");
    } else if (::access(folder_.c_str(), R_OK | W_OK | X_OK) != 0) {
      list_.error("folder",
                  folder_ + " cannot be written to: " + std::generic_category().message(errno),
                  "Run: chmod 700 " + shell_word(folder_) + ". Or name another folder with --state DIR.");
    } else if ((mode & kOfOthers) != 0) {
      list_.warning("folder",
                    folder_ + " is open to other users (" + mode_text(mode) + ")",
                    "Close it: chmod 700 " + shell_word(folder_) + ".");
    } else {
      list_.ok("folder", folder_);
    }
  }

  void check_private(const std::string& name, const std::string& what) {
    const std::string path = folder_ + "/" + name;
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return;
    const unsigned mode = info.st_mode & 07777U;
    if (::access(path.c_str(), R_OK) != 0) {
      list_.error(
          name, path + " cannot be read: " + std::generic_category().message(errno), "Run: chmod 600 " + shell_word(path) + ".");
    } else if ((mode & kOfOthers) != 0) {
      list_.warning(name,
                    path + " holds " + what + " and is open to other users (" + mode_text(mode) + ")",
                    "Close it: chmod 600 " + shell_word(path) + ".");
    }
  }

  void check_catalogs() {
    std::vector<std::string> newer, spoilt;
    std::size_t count = 0;
    std::error_code error;
    fs::directory_iterator at(folder_ + "/catalogs", error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      if (at->path().extension() != ".json") continue;
      ++count;
      const auto text = read_text_file(at->path().string(), kMaxCatalog);
      if (text && read_known_server(*text)) continue;
      (text && is_of_other_form(*text) ? newer : spoilt).push_back(at->path().filename().string());
    }
    if (!spoilt.empty()) {
      list_.warning("catalogs",
                    "what is known of servers from before cannot be read back: " + names_text(spoilt),
                    "Nothing is lost: the servers are asked again. Remove the files: they are in " + folder_ + "/catalogs.");
    }
    if (!newer.empty()) {
      list_.note(
          "catalogs", "of another version of Switchyard: " + names_text(newer), "They are not used; the servers are asked again.");
    }
    if (newer.empty() && spoilt.empty() && count > 0) {
      list_.ok("catalogs", counted(count, "server") + " known from before");
    }
  }

  static bool is_of_other_form(const std::string& text) {
    if (!mcp::validate_json(text)) return false;
    const std::string_view form = mcp::member(text, "form");
    return !form.empty() && form != kKnownServerForm;
  }

  static std::string names_text(std::vector<std::string>& names) {
    std::ranges::sort(names);
    return some_of(names, kShown);
  }

  void check_children() {
    const auto orphans = mcp::ChildRecords::find_orphans(child_records_dir(folder_));
    if (orphans.empty()) return list_.ok("processes", "none that a gateway left running");
    std::string pids;
    for (std::size_t i = 0; i < std::min(orphans.size(), kShown); ++i)
      pids += (i == 0 ? "" : ", ") + std::to_string(orphans[i].pid);
    if (orphans.size() > kShown) pids += ", …";
    list_.warning("processes",
                  std::to_string(orphans.size()) + " of servers of a gateway that died still " +
                      (orphans.size() == 1 ? "runs" : "run") + " (pid " + pids + ")",
                  "The next start of a gateway on this folder ends them: switchyard serve.");
  }

  const std::string& folder_;
  CheckList list_{CheckGroup::state};
};

}  // namespace

std::string mode_text(unsigned mode) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mode & 07777U, 8).ptr;
  return "0" + std::string(digits.data(), end);
}

Check check_room(const std::string& state_dir, std::uint64_t free_bytes) {
  CheckList list(CheckGroup::state);
  const std::string free = std::to_string(free_bytes >> 20) + " MiB free";
  const std::string remedy = "Make room on the file system of " + state_dir + ", or name a folder on another with --state DIR.";
  if (free_bytes < kNoRoom) {
    list.error("room", free + ": what the gateway keeps cannot be written", remedy);
  } else if (free_bytes < kLittleRoom) {
    list.warning("room", free, remedy);
  } else {
    list.ok("room", free);
  }
  return list.take().front();
}

Checks check_state(const std::string& state_dir) {
  Checks checks = StateLook(state_dir).run();
  std::error_code error;
  struct statvfs room{};
  const std::string folder = fs::exists(state_dir, error) ? state_dir : folder_above(state_dir);
  if (::statvfs(folder.c_str(), &room) == 0) checks.push_back(check_room(state_dir, std::uint64_t{room.f_bavail} * room.f_frsize));
  return checks;
}

}  // namespace gateway

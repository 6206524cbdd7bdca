#include "mcp/process/child_records.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/base/random.h"

namespace mcp {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kForm = "switchyard child 1";
constexpr std::string_view kLock = "lock";
constexpr std::string_view kSuffix = ".child";
constexpr std::size_t kMaxRecord = 8192;     // bytes
constexpr std::size_t kMaxRecords = 10'000;  // of all that died
constexpr std::size_t kMaxCommand = 1000;    // bytes
constexpr std::size_t kMarkBytes = 16;
constexpr int kTries = 10;
constexpr auto kGrace = std::chrono::seconds(2);

/// Pids and start times mean something within one start of the machine and one namespace.
std::string this_boot() {
  std::string id = read_proc_file("/proc/sys/kernel/random/boot_id");
  while (id.ends_with('\n'))
    id.pop_back();
  std::array<char, 64> name{};
  const ssize_t size = readlink("/proc/self/ns/pid", name.data(), name.size());
  return id + " " + std::string(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0U);
}

bool lock_file(const UniqueFd& file) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
}

bool is_at(const std::string& path, const UniqueFd& file) {
  struct stat named{}, opened{};
  return stat(path.c_str(), &named) == 0 && fstat(file.get(), &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

/// Whether somebody holds it. Only asks.
bool is_locked(const UniqueFd& file) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/// The lock of a process's folder, or none where that process lives.
UniqueFd take_lock(const std::string& instance, int flags) {
  const std::string path = instance + "/" + std::string(kLock);
  UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  if (file.get() >= 0 && (!lock_file(file) || !is_at(path, file))) file.reset();
  return file;
}

std::string one_line(std::string text) {
  if (text.size() > kMaxCommand) text.resize(kMaxCommand);
  for (char& letter : text) {
    if (letter == '\n') letter = ' ';
  }
  return text;
}

struct Record {
  MarkedTree tree;
  std::string boot;
  std::string command;
};

std::optional<ProcessId> read_process_id(std::string_view text) {
  ProcessId id;
  const auto pid = std::from_chars(text.data(), text.data() + text.size(), id.pid);
  if (pid.ec != std::errc() || pid.ptr == text.data() + text.size() || *pid.ptr != ' ') return std::nullopt;
  const auto start = std::from_chars(pid.ptr + 1, text.data() + text.size(), id.start);
  return start.ec == std::errc() && id.pid > 1 ? std::optional(id) : std::nullopt;
}

/// Whole lines alone count: one without an end may be half of one.
Record parse_record(std::string_view text) {
  Record record;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    const std::string_view key = line.substr(0, line.find(' '));
    const std::string_view value = line.substr(std::min(key.size() + 1, line.size()));
    if (key == "boot") record.boot = value;
    if (key == "mark") record.tree.mark = value;
    if (key == "command") record.command = value;
    if (key == "since") std::from_chars(value.data(), value.data() + value.size(), record.tree.since);
    if (key != "guardian" && key != "program") continue;
    if (const auto id = read_process_id(value)) record.tree.known.push_back(*id);
  }
  // A mark of another length is none of ours, and may not be hard to guess.
  if (record.tree.mark.size() != 2 * kMarkBytes) record.tree = {};
  return record;
}

/// The folders of processes that launch, or launched.
std::vector<fs::path> entries_of(const std::string& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end && entries.size() < kMaxRecords; at.increment(error))
    entries.push_back(at->path());
  return entries;
}

/// What the records in the folder of one process tell.
struct InstanceRecords {
  std::vector<std::string> paths;
  std::vector<MarkedTree> trees;  // of this start of the machine
  std::string commands;
};

InstanceRecords read_records(const std::string& instance, const std::string& boot) {
  InstanceRecords records;
  for (const fs::path& path : entries_of(instance)) {
    if (path.extension() != kSuffix) continue;
    records.paths.push_back(path.string());
    Record record = parse_record(read_proc_file(path.string(), kMaxRecord));
    if (record.boot != boot || record.tree.mark.empty()) continue;
    if (records.commands.size() < kMaxCommand) records.commands += (records.commands.empty() ? "" : ", ") + record.command;
    records.trees.push_back(std::move(record.tree));
  }
  return records;
}

/// One process that died: its folder, which is ours while we hold the lock.
void end_instance(const std::string& instance, const std::string& boot) {
  const UniqueFd lock = take_lock(instance, 0);
  if (lock.get() < 0) {
    if (errno == ENOENT) rmdir(instance.c_str());  // died before it had a lock; the system removes it only where it is empty
    return;
  }
  const InstanceRecords records = read_records(instance, boot);
  const TreesEnd ended = end_trees(records.trees, kGrace);
  if (ended.found > 0) {
    log_warn("process",
             "ended programs that a gateway which died had left running",
             {{"processes", static_cast<std::int64_t>(ended.found - ended.left)}, {"commands", records.commands}});
  }
  if (ended.left > 0) {
    log_error("process",
              "processes that a gateway which died had left running could not be ended",
              {{"left", static_cast<std::int64_t>(ended.left)}, {"records", instance}});
    return;  // the next start tries again
  }
  for (const std::string& path : records.paths)
    unlink(path.c_str());
  unlink((instance + "/" + std::string(kLock)).c_str());
  rmdir(instance.c_str());
}

}  // namespace

ChildRecords::~ChildRecords() {
  if (instance_.empty()) return;
  for (const fs::path& path : entries_of(instance_)) {
    if (path.extension() == kSuffix) return;
  }
  unlink((instance_ + "/" + std::string(kLock)).c_str());
  rmdir(instance_.c_str());
}

void ChildRecords::complain(const std::string& what, int error) {
  if (std::exchange(complained_, true)) return;
  log_warn("process",
           "no records of children: should this process be killed together with the guardian of a child, nobody ends that child",
           {{"path", what}, {"reason", std::generic_category().message(error)}});
}

bool ChildRecords::open_instance() {
  if (!instance_.empty()) return true;
  if (folder_.empty() || complained_) return false;
  std::error_code error;
  const std::string above = fs::path(folder_).parent_path().string();
  const bool fresh = !fs::exists(above, error);
  fs::create_directories(folder_, error);
  if (fresh && !error) chmod(above.c_str(), 0700);
  if (error) {
    complain(folder_, error.value());
    return false;
  }
  chmod(folder_.c_str(), 0700);
  // Whoever ends orphans may take a folder without a lock for one.
  for (int i = 0; i < kTries; ++i) {
    const std::string instance = folder_ + "/" + random_hex(8);
    if (mkdir(instance.c_str(), 0700) == 0) lock_ = take_lock(instance, O_CREAT);
    if (lock_.get() < 0) continue;
    instance_ = instance;
    return true;
  }
  complain(folder_, errno);
  return false;
}

ChildRecord ChildRecords::add(const std::string& command) {
  ChildRecord record;
  record.tree.mark = random_hex(kMarkBytes);
  record.tree.since = ticks_since_boot();
  if (!open_instance()) return record;
  const std::string path = instance_ + "/" + random_hex(8) + std::string(kSuffix);
  const std::string text = std::string(kForm) + "\nboot " + this_boot() + "\nsince " + std::to_string(record.tree.since) +
                           "\nmark " + record.tree.mark + "\ncommand " + one_line(command) + "\n";
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0 || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    complain(path, errno);
    unlink(path.c_str());
    return record;
  }
  record.path = path;
  record.file = std::move(file);
  return record;
}

MarkedTree ChildRecords::read(const ChildRecord& record) {
  MarkedTree tree = record.tree;
  if (!record.path.empty()) tree.known = parse_record(read_proc_file(record.path, kMaxRecord)).tree.known;
  return tree;
}

void ChildRecords::remove(const ChildRecord& record) {
  if (!record.path.empty()) unlink(record.path.c_str());
}

void ChildRecords::end_orphans() {
  if (folder_.empty()) return;
  const std::string boot = this_boot();
  for (const fs::path& instance : entries_of(folder_)) {
    if (instance.string() != instance_) end_instance(instance.string(), boot);
  }
}

std::vector<ProcessId> ChildRecords::find_orphans(const std::string& folder) {
  const std::string boot = this_boot();
  std::vector<MarkedTree> trees;
  for (const fs::path& instance : entries_of(folder)) {
    const std::string lock = instance.string() + "/" + std::string(kLock);
    const UniqueFd file(open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0 || is_locked(file)) continue;
    for (MarkedTree& tree : read_records(instance.string(), boot).trees)
      trees.push_back(std::move(tree));
  }
  return trees.empty() ? std::vector<ProcessId>() : find_trees(trees);
}

}  // namespace mcp

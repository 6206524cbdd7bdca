#include "mcp/process/confine/write_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace mcp {

namespace {

// Newer than some systems' headers.
constexpr std::uint64_t kRefer = 1U << 13, kTruncate = 1U << 14;
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0, kScopeSignals = 1U << 1;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kFileRights = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;  // those that a file, too, can have

std::uint64_t rights_of_version(long version) {
  std::uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                         LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                         LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                         LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  return rights;
}

/// The part of the kernel's structure that this version knows.
std::size_t size_of_version(long version) {
  if (version >= 6) return sizeof(Ruleset);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

int allow_beneath(int ruleset, const char* path, std::uint64_t rights) {
  const int folder = open(path, O_PATH | O_CLOEXEC);
  if (folder < 0) return 0;
  struct stat info{};
  if (fstat(folder, &info) == 0 && !S_ISDIR(info.st_mode)) rights &= kFileRights;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = folder;
  const bool added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  const int error = errno;
  close(folder);
  return added ? 0 : error;
}

}  // namespace

int restrict_writes(const std::vector<const char*>& paths) {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;  // the mounts alone have to do
  Ruleset wanted;
  wanted.files = rights_of_version(version);
  if (version >= 6) wanted.scoped = kScopeAbstractSockets | kScopeSignals;
  const auto ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, size_of_version(version), 0));
  if (ruleset < 0) return errno;
  int error = 0;
  for (const char* path : paths) {
    if (error == 0) error = allow_beneath(ruleset, path, wanted.files);
  }
  if (error == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) error = errno;
  if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) error = errno;
  close(ruleset);
  return error;
}

}  // namespace mcp

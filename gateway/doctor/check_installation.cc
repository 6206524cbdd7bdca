#include "gateway/doctor/check_installation.h"

#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <openssl/x509.h>
#include <system_error>
#include <utility>

#include "gateway/config/shell_word.h"
#include "gateway/config/text_file.h"
#include "mcp/process/proc_files.h"
#include "mcp/process/unique_fd.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFewDescriptors = 1024;  // a hundred servers and some clients get by with that
constexpr std::uint64_t kFewWatches = 1024, kFewInstances = 32;
constexpr std::size_t kMostAuthorities = std::size_t{16} << 20;  // bytes
constexpr std::string_view kCertificate = "-----BEGIN ";

std::optional<std::uint64_t> read_number(const std::string& path) {
  const std::string text = mcp::read_proc_file(path);
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

/// errno of watching a folder, as the gateway watches that of its configuration; 0 where it can be done.
int try_to_watch() {
  const mcp::UniqueFd queue(::inotify_init1(IN_CLOEXEC));
  if (queue.get() < 0) return errno;
  return ::inotify_add_watch(queue.get(), "/", IN_MOVED_TO) < 0 ? errno : 0;
}

Check installed(std::string subject, CheckLevel level, std::string message, std::string remedy = {}) {
  CheckList list(CheckGroup::installation);
  list.add(level, std::move(subject), std::move(message), std::move(remedy));
  return list.take().front();
}

Check check_watches(const SystemLimits& limits) {
  if (limits.watch_error != 0) {
    return installed("inotify",
                     CheckLevel::warning,
                     "files cannot be watched (" + std::generic_category().message(limits.watch_error) +
                         "), so the gateway does not notice that its configuration changed",
                     "End programs that watch many files, or raise fs.inotify.max_user_instances and "
                     "fs.inotify.max_user_watches with sysctl; until then tell it with \"switchyard reload\".");
  }
  const auto few = [](const std::optional<std::uint64_t>& number, std::uint64_t bound) { return number && *number < bound; };
  if (few(limits.watches, kFewWatches) || few(limits.watch_instances, kFewInstances)) {
    return installed("inotify",
                     CheckLevel::note,
                     "few files can be watched: max_user_watches " + std::to_string(limits.watches.value_or(0)) +
                         ", max_user_instances " + std::to_string(limits.watch_instances.value_or(0)),
                     "Where editors need them all, the gateway does not notice changes of its configuration: raise them with "
                     "sysctl fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=512.");
  }
  return installed("inotify", CheckLevel::ok, "files can be watched");
}

/// Whether OpenSSL would find a certificate there: it looks for the hash of a name, "5ed36f99.0".
bool holds_hashed_certificates(const std::string& folder) {
  const auto is_hashed = [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name.size() >= 10 && name[8] == '.' && name.find_first_not_of("0123456789abcdef") == 8;
  };
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (is_hashed(*at)) return true;
  }
  return false;
}

}  // namespace

Check check_version(const std::string& program) {
  return installed("switchyard", CheckLevel::ok, "version " SWITCHYARD_VERSION ", " + program);
}

Check check_helper(const std::string& path, const mcp::Result<ProgramOutput>& said) {
  const std::string name = fs::path(path).filename().string();
  const std::string install =
      "Install Switchyard again: its three programs belong together, in one folder or the helpers in "
      "../libexec/switchyard.";
  const std::string folder = fs::path(path).parent_path().string();
  if (!said) {
    std::error_code error;
    const bool there = fs::exists(path, error);
    return installed(name,
                     CheckLevel::error,
                     there ? path + " does not run: " + said.error().message : "the program is not in " + folder,
                     there ? "Run: chmod +x " + shell_word(path) + ". Or install Switchyard again." : install);
  }
  std::string version = said->text;
  while (version.ends_with('\n'))
    version.pop_back();
  if (said->exit.code != 0 || version != name + " " SWITCHYARD_VERSION) {
    return installed(name, CheckLevel::error, path + " is of another version than this program (" SWITCHYARD_VERSION ")", install);
  }
  return installed(name, CheckLevel::ok, "of the same version, in " + folder);
}

SystemLimits read_limits() {
  SystemLimits limits;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    limits.descriptors = files.rlim_cur;
    limits.most_descriptors = files.rlim_max;
  }
  limits.watches = read_number("/proc/sys/fs/inotify/max_user_watches");
  limits.watch_instances = read_number("/proc/sys/fs/inotify/max_user_instances");
  limits.watch_error = try_to_watch();
  return limits;
}

Checks check_limits(const SystemLimits& limits) {
  const auto number = [](std::uint64_t limit) { return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit); };
  const std::string descriptors =
      "a process may have " + number(limits.descriptors) + " open, the gateway raises that to " + number(limits.most_descriptors);
  const bool few = limits.most_descriptors < kFewDescriptors;
  Check files = few ? installed("descriptors",
                                CheckLevel::warning,
                                descriptors + ": few, for each server takes four, each client one or two",
                                "Raise the hard limit: \"ulimit -Hn\", LimitNOFILE= of a systemd unit, or "
                                "/etc/security/limits.conf.")
                    : installed("descriptors", CheckLevel::ok, descriptors);
  return {std::move(files), check_watches(limits)};
}

AuthorityPlaces AuthorityPlaces::of(const Environment& environment) {
  return {.file = environment(X509_get_default_cert_file_env()).value_or(X509_get_default_cert_file()),
          .folder = environment(X509_get_default_cert_dir_env()).value_or(X509_get_default_cert_dir())};
}

Check check_authorities(const AuthorityPlaces& places, bool wanted) {
  const auto text = read_text_file(places.file, kMostAuthorities);
  if (text && text->contains(kCertificate)) return installed("certificates", CheckLevel::ok, "authorities of " + places.file);
  for (std::string_view rest = places.folder; !rest.empty();) {
    const std::string folder(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (holds_hashed_certificates(folder)) return installed("certificates", CheckLevel::ok, "authorities of " + folder);
  }
  return installed("certificates",
                   wanted ? CheckLevel::error : CheckLevel::note,
                   "no certificate authorities, neither in " + places.file + " nor in " + places.folder +
                       (wanted ? ": no server with an https URL can be believed" : ""),
                   "Install the package ca-certificates, or point SSL_CERT_FILE to a file of certificates (PEM).");
}

}  // namespace gateway

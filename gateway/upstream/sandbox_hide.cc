// What a sandbox does not show. A mount over a file goes where the file is replaced, and what is not there yet cannot be mounted
// over. So a folder that holds secrets is shown as a folder in memory, in which what the real one holds is mounted thing by thing:
// whatever comes into the real one later is not there.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "gateway/config/listener_access.h"
#include "gateway/upstream/sandbox_paths.h"
#include "gateway/upstream/sandbox_secrets.h"
#include "gateway/upstream/sandbox_view.h"

namespace gateway {

namespace fs = std::filesystem;

namespace {

/// Folders of the system, in which much is to be seen that changes.
bool is_shared(const std::string& folder) {
  return folder.empty() || folder == "/" || folder == "/etc" || folder == "/var" || folder == "/usr" || folder == "/srv";
}

constexpr std::size_t kMaxPlaces = 2500;  // bubblewrap takes 9,000 arguments, three for each

}  // namespace

/// All spellings of one secret. Where the entry names one of them it is none.
void SandboxView::add_secret(const std::vector<std::string>& spellings) {
  const auto names = [&](const std::string& secret) {
    for (const auto* paths : {&spec_.sandbox.read, &spec_.sandbox.write}) {
      if (std::ranges::any_of(*paths, [&](const std::string& path) { return written_path(path) == secret; })) return true;
    }
    return false;
  };
  std::set<std::string> found;
  for (const std::string& spelling : spellings) {
    for (const std::string& path : {real_entry(spelling), real_path(spelling)}) {
      if (!path.empty() && path != "/" && (home_.empty() || !is_in(home_, path))) found.insert(path);
    }
  }
  if (std::ranges::any_of(spellings, names) || std::ranges::any_of(found, names)) return;
  spelled_.insert(spellings.begin(), spellings.end());
  secrets_.insert(found.begin(), found.end());
  for (const std::string& path : found)
    open_above(path);
}

/// The folders of a home on the way to something in it.
void SandboxView::open_above(const std::string& entry) {
  for (const std::string& home : homes_) {
    const std::string real = real_path(home);
    if (real.empty() || real == "/" || !is_in(entry, real)) continue;
    for (std::string folder = parent_of(entry); is_in(folder, real); folder = parent_of(folder))
      opened_.insert(folder);
  }
}

void SandboxView::add_configuration(const std::string& file) {
  std::vector<std::string> files = {file};
  // With what is in these anybody may come in at the gateway, or pass for it.
  if (const auto config = load_config(file, environment_)) std::ranges::move(files_of(config->access), std::back_inserter(files));
  for (const std::string& path : files) {
    add_secret({path});
    // Editors, and the gateway itself, put a new file in the place of the old one.
    if (const std::string folder = real_path(parent_of(path)); !is_shared(folder)) opened_.insert(folder);
  }
}

void SandboxView::list_secrets() {
  for (const std::string_view name : home_secrets()) {
    std::vector<std::string> spellings;
    for (const std::string& home : homes_) {
      spellings.push_back((fs::path(home) / name).string());
      // A folder of the home that is a link to elsewhere holds secrets there.
      for (std::string folder = parent_of(spellings.back()); folder != home && folder.size() > 1; folder = parent_of(folder)) {
        if (const std::string real = real_path(folder); !real.empty() && !is_too_much(real)) opened_.insert(real);
      }
      opened_.insert(real_path(home));
    }
    add_secret(spellings);
  }
  if (const auto state = environment_("SWITCHYARD_STATE"); state && !state->empty()) add_secret({*state});
  std::istringstream configurations(environment_("SWITCHYARD_WITHIN").value_or(""));
  for (std::string file; std::getline(configurations, file);)
    add_configuration(file);
  for (const std::string_view path : system_secrets(false))
    add_secret({std::string(path)});
  // Root has no more rights in the sandbox than any owner of a file, but these are its own.
  if (geteuid() != 0) return;
  for (const std::string_view path : system_secrets(true))
    add_secret({std::string(path)});
}

bool SandboxView::holds_place(const std::string& path) const {
  const auto next = places_.upper_bound(path + "/");
  return next != places_.end() && next->first.starts_with(path + "/");
}

mcp::Result<> SandboxView::open_folder(const std::string& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end && entries.size() <= kMaxPlaces; at.increment(error))
    entries.push_back(*at);
  if (error) return {};  // what its user cannot list either
  places_[folder] = Sight::opened;
  for (const fs::directory_entry& entry : entries) {
    const std::string path = entry.path().string();
    const fs::file_status status = entry.symlink_status(error);
    if (error || places_.contains(path)) continue;
    switch (status.type()) {
      case fs::file_type::symlink:
        if (const fs::path target = fs::read_symlink(path, error); !error && !holds_place(path)) links_[path] = target.string();
        break;
      case fs::file_type::directory:
      case fs::file_type::regular:
        places_[path] = is_secret(path) ? Sight::hidden : Sight::read;
        break;
      default:
        break;  // sockets are ways out
    }
  }
  if (places_.size() + links_.size() <= kMaxPlaces) return {};
  return mcp::fail(
      mcp::ErrorCode::sandbox_unavailable,
      "no sandbox, so it was not started: " + folder + " holds secrets among too many other things to show them one by one.",
      "Put most of them in a folder of their own, or use the level \"strict\".");
}

mcp::Result<> SandboxView::hide_secrets() {
  // Neither what the program is made of nor what it is told to work on is a name for them in the entry.
  std::erase_if(places_, [this](const auto& place) {
    const auto holds = [&](const std::string& secret) { return is_in(place.first, secret); };
    return place.second == Sight::read && !given_.contains(place.first) && std::ranges::any_of(secrets_, holds);
  });
  for (const std::string& folder : opened_) {
    std::error_code error;
    if (is_secret(folder) || !sees(folder) || !fs::is_directory(folder, error)) continue;
    // In a folder where it may write it has to see the real one.
    if (sight_of(folder) != Sight::read) continue;
    if (auto opened = open_folder(folder); !opened) return opened;
  }
  for (const std::string& path : secrets_) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (!error && fs::exists(status) && !fs::is_symlink(status) && sees(path)) places_[path] = Sight::hidden;
  }
  return {};
}

}  // namespace gateway

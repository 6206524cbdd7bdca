#include "gateway/upstream/sandbox_paths.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel

/// In the system's list of users; "" where the user is not in it.
std::string listed_home() {
  constexpr std::size_t kLongest = std::size_t{64} << 10;
  std::string buffer(kLongest, '\0');
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
  return entry.pw_dir == nullptr ? "" : entry.pw_dir;
}

/// In front of those that are still to be looked up, the last of them first.
void push_names(std::vector<std::string>& names, const fs::path& path) {
  const std::size_t before = names.size();
  for (const fs::path& name : path.relative_path())
    names.push_back(name.string());
  std::reverse(names.begin() + static_cast<std::ptrdiff_t>(before), names.end());
}

}  // namespace

std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? "" : real.string();
}

std::string real_entry(const std::string& path) {
  const std::string folder = real_path(parent_of(path));
  return folder.empty() ? "" : (fs::path(folder) / fs::path(path).filename()).string();
}

std::string written_path(const std::string& path) {
  std::string plain = fs::path(path).lexically_normal().string();
  while (plain.size() > 1 && plain.ends_with('/'))
    plain.pop_back();
  return plain;
}

bool is_in(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string parent_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

std::vector<PathStep> way_to(const std::string& path) {
  std::vector<PathStep> steps;
  std::vector<std::string> names;
  push_names(names, path);
  fs::path at = "/";
  std::error_code error;
  for (int links = 0; !names.empty() && links < kMaxLinks;) {
    const std::string name = std::exchange(names.back(), {});
    names.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path entry = at / name;
    const fs::path target = fs::read_symlink(entry, error);
    steps.push_back({entry.string(), !error});
    if (error) {
      at = entry;
      continue;
    }
    ++links;
    if (target.is_absolute()) at = "/";
    push_names(names, target);
  }
  return steps;
}

std::vector<std::string> home_folders(const Environment& environment) {
  std::vector<std::string> homes;
  for (const std::string& home : {environment("HOME").value_or(""), listed_home()}) {
    if (!home.starts_with('/')) continue;
    if (std::string plain = written_path(home); std::ranges::find(homes, plain) == homes.end()) homes.push_back(std::move(plain));
  }
  return homes;
}

}  // namespace gateway

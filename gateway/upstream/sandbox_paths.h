#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config_file.h"

namespace gateway {

// Paths, for sandboxes. All of it looks at the file system and may block.

/// Without links; "" for what is not there.
std::string real_path(const std::string& path);

/// The same of something in a folder that is there, be it there itself or not, and a link or not: the folder's real path and its
/// name.
std::string real_entry(const std::string& path);

/// Without ".", ".." and a slash at the end; links are left.
std::string written_path(const std::string& path);

/// Whether `path` is `folder` or lies in it.
bool is_in(std::string_view path, std::string_view folder);

std::string parent_of(const std::string& path);

/// One name on the way to a path, by the real path of the folder it is looked up in.
struct PathStep {
  std::string entry;
  bool link = false;
};

/// Every name that is looked up on the way to an absolute path, those of links' targets among them.
std::vector<PathStep> way_to(const std::string& path);

/// The user's home folders, as they are spelled: HOME's, and that of the system's list of users where it is another. Empty where
/// neither is known.
std::vector<std::string> home_folders(const Environment& environment);

}  // namespace gateway

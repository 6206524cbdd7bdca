#pragma once

#include <expected>
#include <string>
#include <vector>

#include "gateway/config/config_edit.h"

namespace gateway {

/// What `switchyard add` was told, word for word.
struct ServerWords {
  std::string name, url, type, cwd;
  std::vector<std::string> command, env, headers, profiles;
  bool disabled = false, required = false;
};

/// The server that these words mean, or what is wrong with them, one line. Relative paths are those of the shell's folder, where
/// the file's would start elsewhere: `cwd`, and a program that is named by its path.
std::expected<NewServer, std::string> read_new_server(const ServerWords& words);

}  // namespace gateway

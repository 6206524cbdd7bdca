#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// Replaces the file by this text, for its owner alone (0600): whoever reads it, at whatever moment, finds the old text or the new
/// one. Returns why it could not be done, in the system's words, or "".
std::string write_private_file(const std::string& path, std::string_view text);

}  // namespace gateway

#pragma once

#include <string>
#include <string_view>

#include "mcp/process/unique_fd.h"

namespace gateway {

/// A file beside the one it is to replace, for its owner alone (0600) as long as nobody changes that; gone with this object unless
/// it took that one's place. Whoever reads the file, at whatever moment, finds the old text or the new one. What the functions
/// return is errno, 0 where it is done.
class FileReplacement {
 public:
  explicit FileReplacement(const std::string& file);
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  int write(std::string_view text);
  int descriptor() const { return fd_.get(); }

  /// Once what was written is on the disk.
  int put_in_place();

 private:
  const std::string file_;
  std::string name_;
  mcp::UniqueFd fd_;
  int failed_ = 0;  // to be made
};

/// Replaces the file by this text, for its owner alone. Returns why it could not be done, in the system's words, or "".
std::string write_private_file(const std::string& path, std::string_view text);

}  // namespace gateway

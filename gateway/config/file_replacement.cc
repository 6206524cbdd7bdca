#include "gateway/config/file_replacement.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace gateway {

FileReplacement::FileReplacement(const std::string& file) : file_(file) {
  const std::filesystem::path whole(file);
  name_ = (whole.parent_path() / ("." + whole.filename().string().substr(0, 200) + ".XXXXXX")).string();
  fd_ = mcp::UniqueFd(::mkostemp(name_.data(), O_CLOEXEC));
  if (fd_.get() < 0) failed_ = errno;
}

FileReplacement::~FileReplacement() {
  if (fd_.get() >= 0) ::unlink(name_.c_str());
}

int FileReplacement::write(std::string_view text) {
  if (fd_.get() < 0) return failed_;
  while (!text.empty()) {
    const ssize_t written = ::write(fd_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int FileReplacement::put_in_place() {
  if (fd_.get() < 0) return failed_;
  if (::fsync(fd_.get()) != 0 || std::rename(name_.c_str(), file_.c_str()) != 0) return errno;
  fd_.reset();
  return 0;
}

std::string write_private_file(const std::string& path, std::string_view text) {
  FileReplacement replacement(path);
  int failed = replacement.write(text);
  if (failed == 0) failed = replacement.put_in_place();
  return failed == 0 ? "" : std::generic_category().message(failed);
}

}  // namespace gateway

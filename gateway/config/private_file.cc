#include "gateway/config/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace gateway {

namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string write_private_file(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);  // for its owner alone
  bool good = descriptor >= 0;
  int error = errno;
  if (good) {
    good = write_all(descriptor, text) && ::fsync(descriptor) == 0;
    error = errno;
    if (::close(descriptor) != 0 && good) {
      good = false;
      error = errno;
    }
  }
  if (good) {
    good = std::rename(temporary.c_str(), path.c_str()) == 0;
    error = errno;
  }
  if (good) return "";
  if (descriptor >= 0) ::unlink(temporary.c_str());
  return std::generic_category().message(error);
}

}  // namespace gateway

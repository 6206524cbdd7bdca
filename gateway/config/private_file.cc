#include "gateway/config/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
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
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // a left-over
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool good = descriptor >= 0;
  int error = errno;
  if (good) {
    good = write_all(descriptor, text);
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
  ::unlink(temporary.c_str());
  return std::generic_category().message(error);
}

}  // namespace gateway

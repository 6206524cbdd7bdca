#include "gateway/config/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace gateway {
namespace {

constexpr std::size_t kMore = 65536;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<mcp::Error> failed(const std::string& file, const std::string& why, std::string remedy = {}) {
  return mcp::fail(mcp::ErrorCode::io_error, file + ": " + why, std::move(remedy));
}

std::string remedy_for(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
      return "Let the user that runs switchyard read it";
    case ELOOP:
      return "Its symbolic links lead back to themselves: mend them";
    case ENAMETOOLONG:
      return "Give it a shorter name";
    default:
      return "Check the disk it is on";
  }
}

std::unexpected<mcp::Error> failed_with(const std::string& file, int number) {
  if (number == ENOENT || number == ENOTDIR) return failed(file, "no such file");
  return failed(file, "cannot be read: " + std::generic_category().message(number), remedy_for(number));
}

}  // namespace

mcp::Result<std::string> read_text_file(const std::string& file, std::size_t max_bytes) {
  if (file.empty() || file.find('\0') != std::string::npos) return failed(file, "no file's name", "Write the name of a file");
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.number() < 0) return failed_with(file, errno);
  struct stat status{};
  if (::fstat(descriptor.number(), &status) != 0) return failed_with(file, errno);
  if (S_ISDIR(status.st_mode)) return failed(file, "a folder, not a file", "Name the file in it");
  if (!S_ISREG(status.st_mode)) return failed(file, "not a regular file", "Copy what it holds into a file");
  // One byte more than it should have, so that its end shows at once; a file that lies about its size, or grows, is read on.
  std::string text(std::min(static_cast<std::size_t>(status.st_size), max_bytes) + 1, '\0');
  std::size_t have = 0;
  while (have <= max_bytes) {
    if (have == text.size()) text.resize(have + kMore);
    const ssize_t got = ::read(descriptor.number(), text.data() + have, text.size() - have);
    if (got < 0 && errno != EINTR) return failed_with(file, errno);
    if (got > 0) have += static_cast<std::size_t>(got);
    if (got != 0) continue;
    text.resize(have);
    return text;
  }
  return failed(file, "larger than " + std::to_string(max_bytes >> 20) + " MiB", "Check that it is the right file");
}

}  // namespace gateway

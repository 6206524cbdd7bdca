#include "gateway/host/identity_key.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "gateway/config/text_file.h"
#include "mcp/base/random.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::size_t kBytes = 32;
constexpr std::size_t kMaxFile = std::size_t{1} << 20;

bool write_new(const std::string& path, const std::string& text) {
  ::unlink(path.c_str());  // a left-over
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  const bool written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
  return ::close(descriptor) == 0 && written;
}

}  // namespace

Result<std::string> load_identity_key(const std::string& state_dir) {
  const std::string path = state_dir + "/identity.key";
  if (::access(path.c_str(), F_OK) == 0) {
    const auto text = read_text_file(path, kMaxFile);
    if (!text) return std::unexpected(text.error());
    // A cut one would still be a key, but a weak one. With another key nothing is lost but what is known of servers from before.
    if (text->size() == 2 * kBytes) return *text;
  }
  std::string key = mcp::random_hex(kBytes);
  const std::string temporary = path + ".new";
  if (!write_new(temporary, key) || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string why = std::generic_category().message(errno);
    ::unlink(temporary.c_str());
    return fail(ErrorCode::io_error, "cannot write " + path + ": " + why, "Name another folder with --state DIR.");
  }
  return key;
}

}  // namespace gateway

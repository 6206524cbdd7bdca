#include "gateway/host/identity_key.h"

#include <unistd.h>

#include "gateway/config/file_replacement.h"
#include "gateway/config/text_file.h"
#include "mcp/base/random.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::size_t kBytes = 32;
constexpr std::size_t kMaxFile = std::size_t{1} << 20;

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
  if (const std::string why = write_private_file(path, key); !why.empty()) {
    return fail(ErrorCode::io_error, "cannot write " + path + ": " + why, "Name another folder with --state DIR.");
  }
  return key;
}

}  // namespace gateway

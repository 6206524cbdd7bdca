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

std::string identity_key_path(const std::string& state_dir) {
  return state_dir + "/identity.key";
}

}  // namespace

Result<std::optional<std::string>> find_identity_key(const std::string& state_dir) {
  const std::string path = identity_key_path(state_dir);
  if (::access(path.c_str(), F_OK) != 0) return std::nullopt;
  auto text = read_text_file(path, kMaxFile);
  if (!text) return std::unexpected(std::move(text).error());
  // A cut one would still be a key, but a weak one. With another key nothing is lost but what is known of servers from before.
  if (text->size() != 2 * kBytes) return std::nullopt;
  return std::move(*text);
}

Result<std::string> load_identity_key(const std::string& state_dir) {
  const std::string path = identity_key_path(state_dir);
  auto known = find_identity_key(state_dir);
  if (!known) return std::unexpected(std::move(known).error());
  if (*known) return std::move(**known);
  std::string key = mcp::random_hex(kBytes);
  if (const std::string why = write_private_file(path, key); !why.empty()) {
    return fail(ErrorCode::io_error, "cannot write " + path + ": " + why, "Name another folder with --state DIR.");
  }
  return key;
}

}  // namespace gateway

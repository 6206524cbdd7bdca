#include "gateway/catalog/callable_name.h"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <string>
#include <string_view>

#include "gateway/config/utf8.h"

namespace gateway {
namespace {

constexpr std::size_t kHashDigits = 8;
constexpr std::size_t kSuffixLength = 1 + kHashDigits;
constexpr std::size_t kMinLength = 16;

bool is_allowed(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/// One '_' for each character that is not allowed.
std::string allowed_only(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    out += is_allowed(text[i]) ? text[i] : '_';
    i += std::max<std::size_t>(1, utf8_length(text, i));
  }
  return out;
}

bool ends_like_suffix(std::string_view name) {
  if (name.size() < kSuffixLength || name[name.size() - kSuffixLength] != '_') return false;
  return name.find_first_not_of("0123456789abcdef", name.size() - kHashDigits) == std::string_view::npos;
}

/// The plain names of its tools could be those of another server's.
bool is_ambiguous(std::string_view server) {
  return server.find("__") != std::string_view::npos || server.ends_with('_');
}

/// The first digits of SHA-256 over the server's name, a NUL and the tool's name.
std::string hash_of(const ServerName& server, const ToolName& tool) {
  const std::string identity = server.str() + '\0' + tool.str();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(identity.data(), identity.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < kHashDigits / 2; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 0xF];
  }
  return out;
}

}  // namespace

ExplainedName explained_name(const ServerName& server, const ToolName& tool, std::size_t max_length) {
  max_length = std::max(max_length, kMinLength);
  const std::string joined = server.str() + "__" + tool.str();
  std::string name = allowed_only(joined);
  const NameChanges changes{.replaced = name != joined,
                            .shortened = name.size() > max_length,
                            .ambiguous_server = is_ambiguous(server.str()),
                            .like_suffix = ends_like_suffix(name)};
  if (!changes.any()) return {CallableName(std::move(name)), changes};
  name.resize(std::min(name.size(), max_length - kSuffixLength));
  return {CallableName(name + "_" + hash_of(server, tool)), changes};
}

CallableName callable_name(const ServerName& server, const ToolName& tool, std::size_t max_length) {
  return explained_name(server, tool, max_length).name;
}

bool may_be_of(std::string_view callable, const ServerName& server, std::size_t max_length) {
  const std::size_t cut = std::max(max_length, kMinLength) - kSuffixLength;
  const std::string joined = server.str() + "__";
  const std::string prefix = allowed_only(joined);
  const bool plain = prefix == joined && !is_ambiguous(server.str());
  if (callable.starts_with(prefix)) return plain || ends_like_suffix(callable);
  return prefix.size() > cut && callable.size() == cut + kSuffixLength && callable.starts_with(prefix.substr(0, cut)) &&
         ends_like_suffix(callable);
}

}  // namespace gateway

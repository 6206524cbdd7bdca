#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace oauth {

/// What records are sealed with (256 bits). Gone from memory with the object.
class SealingKey {
 public:
  static SealingKey random();

  /// Nothing where that is not 64 hex digits.
  static std::optional<SealingKey> from_hex(std::string_view hex);

  SealingKey(const SealingKey&) = default;
  SealingKey& operator=(const SealingKey&) = default;
  ~SealingKey();

  std::string hex() const;  // the secret itself

  /// 16 hex digits by which it is known, and which tell nothing of it.
  std::string id() const;

  const unsigned char* data() const { return bytes_.data(); }

 private:
  SealingKey() = default;

  std::array<unsigned char, 32> bytes_{};
};

/// Why something cannot be unsealed.
enum class SealFailure {
  not_sealed,     // nothing of ours
  later_version,  // sealed in a way that this program does not know
  other_key,      // with another key
  damaged,        // changed, cut, or sealed under another name
};

/// Where a sealed text belongs: nothing but that name unseals it. Not kept in it.
struct SealedName {
  std::string_view kind, name;
};

/// AES-256-GCM under a random nonce of 96 bits. What comes out is, in bytes: "SWYSEAL" and a version (1), the key's id (8), the
/// nonce (12), the text encrypted, the tag (16). All but nonce and tag are authenticated with it, and so is the name. Later
/// versions keep the first eight bytes' meaning. Error internal where OpenSSL has no such cipher to give.
mcp::Result<std::string> seal(const SealingKey& key, const SealedName& name, std::string_view text);

std::expected<std::string, SealFailure> unseal(const SealingKey& key, const SealedName& name, std::string_view sealed);

/// How many bytes longer a text is when it is sealed.
inline constexpr std::size_t kSealBytes = 8 + 8 + 12 + 16;

/// SHA-256, as 64 hex digits.
std::string sha256_hex(std::string_view text);

}  // namespace oauth

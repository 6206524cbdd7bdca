#include "oauth/seal.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <span>

namespace oauth {

using mcp::Result;

namespace {

constexpr std::string_view kMagic = "SWYSEAL";
constexpr char kVersion = 1;
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = kMagic.size() + 1 + kIdBytes;
static_assert(kHeadBytes + kNonceBytes + kTagBytes == kSealBytes);

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text, std::size_t from) {
  return reinterpret_cast<unsigned char*>(text.data() + from);
}

std::string to_hex(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<int> digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return std::nullopt;
}

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

std::array<unsigned char, kIdBytes> raw_id(const SealingKey& key) {
  std::string text = "switchyard key id ";
  text.append(reinterpret_cast<const char*>(key.data()), 32);
  const auto digest = sha256(text);
  OPENSSL_cleanse(text.data(), text.size());
  std::array<unsigned char, kIdBytes> id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

std::string head_of(const SealingKey& key) {
  std::string head(kMagic);
  head += kVersion;
  const auto id = raw_id(key);
  return head.append(id.begin(), id.end());
}

/// The kind has no '/' in it, so that no two names are one.
std::string bound_to(std::string_view head, const SealedName& name) {
  std::string bound(head);
  bound.append(name.kind).append("/").append(name.name);
  return bound;
}

}  // namespace

SealingKey SealingKey::random() {
  SealingKey key;
  if (RAND_priv_bytes(key.bytes_.data(), static_cast<int>(key.bytes_.size())) != 1) std::abort();
  return key;
}

std::optional<SealingKey> SealingKey::from_hex(std::string_view hex) {
  SealingKey key;
  if (hex.size() != 2 * key.bytes_.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.bytes_.size(); ++i) {
    const auto high = digit_of(hex[2 * i]);
    const auto low = digit_of(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    key.bytes_[i] = static_cast<unsigned char>(*high * 16 + *low);
  }
  return key;
}

SealingKey::~SealingKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::string SealingKey::hex() const {
  return to_hex(bytes_);
}

std::string SealingKey::id() const {
  return to_hex(raw_id(*this));
}

Result<std::string> seal(const SealingKey& key, const SealedName& name, std::string_view text) {
  std::string sealed = head_of(key);
  const std::string bound = bound_to(sealed, name);
  sealed.resize(text.size() + kSealBytes);
  unsigned char* const nonce = bytes_of(sealed, kHeadBytes);
  if (RAND_bytes(nonce, kNonceBytes) != 1) std::abort();
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_EncryptUpdate(
          cipher.get(), bytes_of(sealed, kHeadBytes + kNonceBytes), &length, bytes_of(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes_of(sealed, sealed.size() - kTagBytes), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes_of(sealed, sealed.size() - kTagBytes)) == 1;
  if (!done) return mcp::fail(mcp::ErrorCode::internal, "OpenSSL does not encrypt by AES-256-GCM");
  return sealed;
}

std::expected<std::string, SealFailure> unseal(const SealingKey& key, const SealedName& name, std::string_view sealed) {
  if (!sealed.starts_with(kMagic) || sealed.size() == kMagic.size()) return std::unexpected(SealFailure::not_sealed);
  if (sealed[kMagic.size()] != kVersion) return std::unexpected(SealFailure::later_version);
  if (sealed.size() < kSealBytes) return std::unexpected(SealFailure::damaged);
  const std::string_view head = sealed.substr(0, kHeadBytes);
  if (head != head_of(key)) return std::unexpected(SealFailure::other_key);
  const std::string bound = bound_to(head, name);
  const std::string_view nonce = sealed.substr(kHeadBytes, kNonceBytes);
  const std::string_view body = sealed.substr(kHeadBytes + kNonceBytes, sealed.size() - kSealBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string text(body.size(), '\0');
  unsigned char nothing = 0;
  int length = 0;
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const bool done =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(text, 0), &length, bytes_of(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), &nothing, &length) == 1;
  if (done) return text;
  OPENSSL_cleanse(text.data(), text.size());
  return std::unexpected(SealFailure::damaged);
}

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256(text));
}

}  // namespace oauth

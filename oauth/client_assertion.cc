#include "oauth/client_assertion.h"

#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <optional>

#include "mcp/base/random.h"
#include "mcp/json/text.h"
#include "oauth/base64url.h"

namespace oauth {
namespace {

constexpr std::size_t kMaxKey = std::size_t{64} << 10;
constexpr auto kValid = std::chrono::minutes(5);

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freeing<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>>;

std::unexpected<mcp::Error> unusable(std::string why) {
  return mcp::fail(
      mcp::ErrorCode::config_invalid,
      "the private key of the OAuth client " + std::move(why),
      "Give the client's own key in PEM form (\"-----BEGIN PRIVATE KEY-----\"), without a password: RSA, P-256, P-384 or "
      "Ed25519.");
}

/// No key with a password is asked for one.
int no_password(char*, int, int, void*) {
  return -1;
}

Key read_key(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
}

struct Algorithm {
  std::string_view name;
  const EVP_MD* digest = nullptr;  // null: the key's own
  int half = 0;                    // of a signature by elliptic curves: the length of each of its two numbers
};

std::optional<Algorithm> algorithm_of(const EVP_PKEY& key) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
      return Algorithm{"RS256", EVP_sha256()};
    case EVP_PKEY_ED25519:
      return Algorithm{"EdDSA"};
    case EVP_PKEY_EC: {
      std::array<char, 64> curve{};
      if (EVP_PKEY_get_group_name(&key, curve.data(), curve.size(), nullptr) != 1) return std::nullopt;
      const std::string_view name(curve.data());
      if (name == SN_X9_62_prime256v1) return Algorithm{"ES256", EVP_sha256(), 32};
      if (name == SN_secp384r1) return Algorithm{"ES384", EVP_sha384(), 48};
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// JOSE has the two numbers side by side, where OpenSSL has them in DER (RFC 7518, 3.4).
std::optional<std::string> side_by_side(const std::string& der, int half) {
  const unsigned char* at = bytes_of(std::string_view(der));
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return std::nullopt;
  std::string out(static_cast<std::size_t>(half) * 2, '\0');
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(out), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(out) + half, half) != half)
    return std::nullopt;
  return out;
}

std::optional<std::string> sign(EVP_PKEY& key, const Algorithm& algorithm, std::string_view text) {
  const Digest context(EVP_MD_CTX_new());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, algorithm.digest, nullptr, &key) != 1) return std::nullopt;
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1) return std::nullopt;
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(text), text.size()) != 1) return std::nullopt;
  signature.resize(size);
  return algorithm.half == 0 ? std::optional(std::move(signature)) : side_by_side(signature, algorithm.half);
}

}  // namespace

mcp::Result<std::string> client_assertion(std::string_view client_id,
                                          std::string_view audience,
                                          std::string_view private_key,
                                          WallTime now) {
  if (private_key.size() > kMaxKey) return unusable("is too long");
  const Key key = read_key(private_key);
  if (!key) return unusable("cannot be read");
  const auto algorithm = algorithm_of(*key);
  if (!algorithm) return unusable("is of a kind that is not supported");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const std::string header = R"({"alg":")" + std::string(algorithm->name) + R"(","typ":"JWT"})";
  const std::string id = mcp::json_string(client_id);
  const std::string claims = "{\"iss\":" + id + ",\"sub\":" + id + ",\"aud\":" + mcp::json_string(audience) + ",\"jti\":\"" +
                             mcp::random_hex(16) + "\",\"iat\":" + std::to_string(seconds.count()) +
                             ",\"exp\":" + std::to_string((seconds + kValid).count()) + "}";
  std::string token = base64url(header) + "." + base64url(claims);
  const auto signature = sign(*key, *algorithm, token);
  if (!signature) return unusable("cannot sign");
  return token + "." + base64url(*signature);
}

}  // namespace oauth

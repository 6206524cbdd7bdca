#include "oauth/client_assertion.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "oauth/base64url.h"

namespace oauth {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::array<char, 8192> text{};
  const int size = BIO_read(bio, text.data(), text.size());
  BIO_free(bio);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::vector<std::string> parts_of(const std::string& token) {
  const auto first = token.find('.'), second = token.rfind('.');
  return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

struct KeyKind {
  std::string algorithm;
  EVP_PKEY* key;
  std::size_t signature;
};

/// What OpenSSL's EVP_EC_gen() does, but for its casts.
EVP_PKEY* ec_key(const char* curve) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
}

TEST(ClientAssertionTest, SignsWithEachKindOfKey) {
  const std::vector<KeyKind> kinds = {{"RS256", EVP_RSA_gen(2048), 256},
                                      {"ES256", ec_key("P-256"), 64},
                                      {"ES384", ec_key("P-384"), 96},
                                      {"EdDSA", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), 64}};
  for (const KeyKind& kind : kinds) {
    const auto token = client_assertion("me\"", "https://as.example", pem_of(kind.key), kNow);
    ASSERT_TRUE(token) << kind.algorithm;
    const auto parts = parts_of(*token);
    EXPECT_EQ(json::parse(*decode_base64url(parts[0]))["alg"], kind.algorithm);
    const auto claims = json::parse(*decode_base64url(parts[1]));
    EXPECT_EQ(claims["iss"], "me\"");
    EXPECT_EQ(claims["sub"], "me\"");
    EXPECT_EQ(claims["aud"], "https://as.example");
    EXPECT_EQ(claims["iat"], 1'800'000'000);
    EXPECT_EQ(claims["exp"], 1'800'000'300);
    EXPECT_EQ(claims["jti"].get<std::string>().size(), 32U);
    EXPECT_EQ(decode_base64url(parts[2])->size(), kind.signature) << kind.algorithm;
    EVP_PKEY_free(kind.key);
  }
}

TEST(ClientAssertionTest, TellsOfKeysThatCannotBeUsedWithoutShowingThem) {
  EVP_PKEY* other = ec_key("secp256k1");
  for (const std::string& key :
       {std::string("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"), std::string(), pem_of(other)}) {
    const auto token = client_assertion("me", "https://as.example", key, kNow);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, mcp::ErrorCode::config_invalid);
    EXPECT_THAT(token.error().text(), HasSubstr("private key"));
    EXPECT_THAT(token.error().text(), Not(HasSubstr("hunter2")));
  }
  EVP_PKEY_free(other);
}

TEST(Base64UrlTest, ThereAndBack) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "\xFF\xFE\xFD", "fooba", "foobar"})
    EXPECT_EQ(decode_base64url(base64url(text)), text);
  EXPECT_EQ(base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(base64("\xFB\xFF"), "+/8=");
  EXPECT_EQ(decode_base64url("Zm9v=="), "foo");
  EXPECT_FALSE(decode_base64url("Z"));
  EXPECT_FALSE(decode_base64url("Zm+v"));
}

}  // namespace
}  // namespace oauth

#include "gateway/downstream/access_table.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "mcp/base/ascii.h"

namespace gateway {

namespace {

constexpr std::string_view kLocal = "local";

std::array<unsigned char, 32> digest_of(std::string_view token) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

AccessTable::Entry make_entry(std::string_view principal, std::string_view token) {
  AccessTable::Entry entry{std::string(principal), std::string(principal) + ":", digest_of(token)};
  // Of a digest of the digest: what is kept beside sessions is no help in finding the token.
  const std::string_view bytes(reinterpret_cast<const char*>(entry.digest.data()), entry.digest.size());
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const unsigned char byte : digest_of(bytes))
    entry.credential += {kDigits[byte >> 4], kDigits[byte & 0xF]};
  return entry;
}

}  // namespace

AccessTable::AccessTable(const std::vector<TokenValue>& tokens, std::string_view local_token) : asks_(!tokens.empty()) {
  entries_.reserve(tokens.size() + 1);
  for (const TokenValue& token : tokens)
    entries_.push_back(make_entry(token.name, token.value));
  if (!local_token.empty()) entries_.push_back(make_entry(kLocal, local_token));
}

const AccessTable::Entry* AccessTable::identify(std::string_view authorization) const {
  const std::string_view token = bearer_token(authorization);
  if (token.empty()) return nullptr;
  const auto digest = digest_of(token);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    const bool same = CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0;
    found = same ? &entry : found;
  }
  return found;
}

bool AccessTable::has(std::string_view credential) const {
  return std::ranges::find(entries_, credential, &Entry::credential) != entries_.end();
}

std::vector<std::string> AccessTable::credentials() const {
  std::vector<std::string> credentials;
  credentials.reserve(entries_.size());
  for (const Entry& entry : entries_)
    credentials.push_back(entry.credential);
  return credentials;
}

std::vector<std::string> AccessTable::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.principal != kLocal) names.push_back(entry.principal);
  }
  return names;
}

std::string_view bearer_token(std::string_view authorization) {
  static constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  if (!mcp::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return mcp::trim_blanks(authorization.substr(kScheme.size()));
}

}  // namespace gateway

#include "oauth/token_times.h"

#include <algorithm>

namespace oauth {
namespace {

/// How far two clocks of one login may be apart.
constexpr auto kSkew = std::chrono::minutes(5);
constexpr auto kAhead = std::chrono::minutes(5);
constexpr int kShare = 5;  // of a short life, the last fifth
constexpr auto kLeastPatience = std::chrono::milliseconds(24'000);
constexpr auto kSpread = std::chrono::milliseconds(12'000);

}  // namespace

bool has_odd_times(const Credential& credential, WallTime now) {
  if (!credential.expires) return false;
  if (!credential.issued) return false;
  return *credential.issued > now + kSkew || *credential.expires < *credential.issued;
}

std::optional<WallTime> expiry(const Credential& credential, WallTime now) {
  return has_odd_times(credential, now) ? std::nullopt : credential.expires;
}

bool is_fresh(const Credential& credential, WallTime now) {
  const auto end = expiry(credential, now);
  return !credential.access_token.empty() && (!end || now < *end);
}

std::optional<WallTime> refresh_due(const Credential& credential, WallTime now) {
  const auto end = expiry(credential, now);
  if (!end) return std::nullopt;
  WallTime::duration ahead = kAhead;
  if (credential.issued) ahead = std::min(ahead, (*end - *credential.issued) / kShare);
  return *end - ahead;
}

std::chrono::milliseconds patience(std::optional<std::chrono::seconds> retry_after, double random) {
  if (retry_after && *retry_after > std::chrono::seconds::zero()) return *retry_after;
  return kLeastPatience + std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(kSpread.count()) * random));
}

}  // namespace oauth

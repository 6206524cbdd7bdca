#pragma once

#include <chrono>
#include <optional>

#include "oauth/credential.h"

namespace oauth {

/// When the token of `credential` runs out; {} where nobody knows: the authorization server did not say, or the clock here has gone
/// back behind the moment it was issued, or the times contradict each other.
std::optional<WallTime> expiry(const Credential& credential, WallTime now);

/// The clock here, or what the credential says of times, makes no sense, so that its expiry counts as unknown.
bool has_odd_times(const Credential& credential, WallTime now);

/// It has a token that has not run out.
bool is_fresh(const Credential& credential, WallTime now);

/// When to renew the token ahead of its end: five minutes before, or where it lives shortly, when a fifth of its life is left. {}
/// where its end is not known.
std::optional<WallTime> refresh_due(const Credential& credential, WallTime now);

/// A time before which nothing is tried. Where the clock has gone back behind the moment at which that was said, it is over: nobody
/// knows how long it would be.
class Throttle {
 public:
  void set(WallTime now, std::chrono::milliseconds pause) {
    set_ = now;
    until_ = now + pause;
  }
  void clear() { until_.reset(); }

  /// {}: it may be tried now.
  std::optional<WallTime> until(WallTime now) const { return until_ && now >= set_ && now < *until_ ? until_ : std::nullopt; }

 private:
  WallTime set_;
  std::optional<WallTime> until_;
};

/// How long an authorization server is left alone that is not there, or answers nonsense: as long as it asks for, else 24 to 36 s.
/// `random` is from [0, 1).
std::chrono::milliseconds patience(std::optional<std::chrono::seconds> retry_after, double random);

}  // namespace oauth

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/upstream/redaction.h"

namespace gateway {

/// A server's entry as it stands now, held by every part of its runtime: a reload may change all of it but what the connection
/// depends on while the server runs, its name among it. Loop thread only.
class LiveSpec {
 public:
  explicit LiveSpec(ServerSpec spec) : spec_(std::make_shared<const ServerSpec>(std::move(spec))), redaction_(*spec_) {}

  const ServerSpec& operator*() const { return *spec_; }
  const ServerSpec* operator->() const { return spec_.get(); }
  const std::string& name() const { return spec_->name.str(); }

  /// Of this moment; what holds it keeps it.
  const std::shared_ptr<const ServerSpec>& snapshot() const { return spec_; }

  const Redaction& redaction() const { return redaction_; }

  void replace(std::shared_ptr<const ServerSpec> spec) {
    spec_ = std::move(spec);
    redaction_ = Redaction(*spec_);
    for (const std::string& secret : learnt_)
      redaction_.add(secret);
  }

  /// A secret that the server is given and its entry does not hold: a token. The last few count, since a server may still speak of
  /// one that has been renewed.
  void learn(std::string secret) {
    if (learnt_.size() >= kMostLearnt) learnt_.erase(learnt_.begin());
    redaction_.add(secret);
    learnt_.push_back(std::move(secret));
  }

 private:
  static constexpr std::size_t kMostLearnt = 8;

  std::shared_ptr<const ServerSpec> spec_;
  Redaction redaction_;
  std::vector<std::string> learnt_;
};

using LiveSpecPtr = std::shared_ptr<const LiveSpec>;

}  // namespace gateway

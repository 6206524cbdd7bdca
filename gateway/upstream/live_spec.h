#pragma once

#include <memory>
#include <string>
#include <utility>

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
  }

 private:
  std::shared_ptr<const ServerSpec> spec_;
  Redaction redaction_;
};

using LiveSpecPtr = std::shared_ptr<const LiveSpec>;

}  // namespace gateway

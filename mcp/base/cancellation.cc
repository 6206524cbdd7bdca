#include "mcp/base/cancellation.h"

#include <utility>

namespace mcp {

Cancellation::Callback::Callback(Cancellation& source, std::function<void()> on_cancel)
    : source_(&source), on_cancel_(std::move(on_cancel)) {
  if (source.requested()) {
    source_ = nullptr;
    auto run = std::move(on_cancel_);
    run();
    return;
  }
  next_ = source.first_;
  if (next_ != nullptr) next_->previous_ = this;
  source.first_ = this;
}

Cancellation::Callback::~Callback() {
  unlink();
}

void Cancellation::Callback::unlink() {
  if (source_ == nullptr) return;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    source_->first_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  source_ = nullptr;
  previous_ = nullptr;
  next_ = nullptr;
}

Cancellation::~Cancellation() {
  while (first_ != nullptr)
    first_->unlink();
}

void Cancellation::request(Error reason) {
  if (requested()) return;
  reason_ = std::move(reason);
  while (first_ != nullptr) {
    // The callback may destroy its own Callback object, so it is taken out before it runs.
    auto run = std::exchange(first_->on_cancel_, nullptr);
    first_->unlink();
    run();
  }
}

}  // namespace mcp

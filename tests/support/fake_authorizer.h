#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/transport/authorizer.h"

namespace mcp {

/// Gives what the test says, and keeps what it is told. Loop thread only.
class FakeAuthorizer final : public Authorizer {
 public:
  static Header bearer(const std::string& token) { return std::make_shared<const std::string>("Bearer " + token); }

  bool at_once(Header& out) override {
    if (waits) return false;
    out = header;
    return true;
  }

  Task<Result<Header>> obtain(Cancellation&) override {
    ++obtained;
    if (failure) co_return std::unexpected(*failure);
    co_return header;
  }

  Task<Result<>> refused(Refusal refusal, Cancellation&) override {
    refusals.push_back(std::move(refusal));
    if (on_refused) co_return on_refused(refusals.back());
    co_return Result<>();
  }

  Header header = bearer("one");
  bool waits = false;            // at_once() says nothing
  std::optional<Error> failure;  // of obtain()
  std::function<Result<>(const Refusal&)> on_refused;
  int obtained = 0;
  std::vector<Refusal> refusals;
};

}  // namespace mcp

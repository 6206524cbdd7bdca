#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "mcp/rpc/request_handler.h"

namespace mcp {

/// The context of a call that a test makes: remembers what it was told.
class RecordingContext final : public CallContext {
 public:
  const Caller& caller() const override { return caller_; }

  void notify(Message notification) override { notified.push_back(nlohmann::json::parse(notification.text())); }

  Task<Result<Message>> ask(Message, Question&) override { co_return fail(ErrorCode::method_not_found, "nobody to ask"); }

  std::vector<nlohmann::json> notified;

 private:
  Caller caller_{.id = 1};
};

}  // namespace mcp

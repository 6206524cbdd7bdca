#pragma once

#include <utility>

#include "mcp/rpc/request_handler.h"

namespace mcp {

/// The caller of our own requests: nobody listens, nobody can be asked.
class OwnContext final : public CallContext {
 public:
  const Caller& caller() const override { return caller_; }

  void notify(Message) override {}

  Task<Result<Message>> ask(Message, Question&) override { co_return fail(ErrorCode::method_not_found, "there is nobody to ask"); }

 private:
  Caller caller_{.principal = "switchyard"};
};

}  // namespace mcp

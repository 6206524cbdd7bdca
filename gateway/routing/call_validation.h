#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/catalog/named_list.h"
#include "gateway/routing/check_pool.h"
#include "gateway/routing/schema_cache.h"
#include "mcp/rpc/request_handler.h"

namespace gateway {

/// Makes calls whose arguments and results are checked against the schemas of their tools ("validate" of a server). The checks run
/// on threads of its own, which live as long as it does; everything else, like the members, belongs to the loop thread.
class CallValidator {
 public:
  explicit CallValidator(mcp::Executor executor);
  /// Stops the checks that are running and waits until they have, mostly some microseconds (see mcp::WorkEnd).
  ~CallValidator() = default;
  CallValidator(const CallValidator&) = delete;
  CallValidator& operator=(const CallValidator&) = delete;

  /// How a call goes to its server.
  using Send = std::function<mcp::Task<mcp::Result<mcp::Message>>(mcp::Message request)>;

  /// Sends a tools/call (which has the server's own name of the tool already) where its arguments hold, and returns the answer
  /// where its result does (a task has none yet). Errors: those of ToolSchemas; overloaded where too much waits to be checked;
  /// those of `send`. The route outlives the task.
  mcp::Task<mcp::Result<mcp::Message>> call(const Route& route, mcp::Message request, mcp::CallContext& context, Send send);

  /// Checks what came of a call that ran as a task, where the server's results are to be checked. Errors: those of
  /// ToolSchemas::check_result; overloaded; timeout; the reason of the context's cancellation. The runtime outlives the task.
  mcp::Task<mcp::Result<>> check_late(const Runtime& runtime,
                                      std::string_view tool,
                                      const mcp::Message& answer,
                                      mcp::CallContext& context);

 private:
  using Check = mcp::Result<> (ToolSchemas::*)(std::string_view, const mcp::WorkEnd&) const;

  /// Runs the check on a thread and waits for it: CheckPool::run.
  mcp::Task<mcp::Result<>> check(std::shared_ptr<const ToolSchemas> schemas,
                                 Check question,
                                 std::string_view text,
                                 mcp::CallContext& context);

  SchemaCache schemas_;
  CheckPool pool_;
};

}  // namespace gateway

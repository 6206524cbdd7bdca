#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/catalog/named_list.h"
#include "gateway/routing/tool_schemas.h"
#include "mcp/rpc/request_handler.h"

namespace gateway {

/// Makes calls whose arguments and results are checked against the schemas of their tools ("validate" of a server). The checks run
/// on threads of its own, which live as long as it does; everything else, like the members, belongs to the loop thread.
///
/// Schemas are kept for each tool until the server's list of tools changes.
class CallValidator {
 public:
  explicit CallValidator(mcp::Executor executor);
  /// Waits for the checks that are running, some milliseconds at most for each thread.
  ~CallValidator();
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
  using Check = mcp::Result<> (ToolSchemas::*)(std::string_view) const;
  struct Pool;

  /// The schemas of the tool; null where the server lists it no more.
  std::shared_ptr<const ToolSchemas> schemas_of(const Runtime& runtime, const std::string& tool);

  /// Runs the check on a thread and waits for it, until the context's deadline (a few seconds at least) or cancellation.
  mcp::Task<mcp::Result<>> check(std::shared_ptr<const ToolSchemas> schemas,
                                 Check question,
                                 std::string_view text,
                                 mcp::CallContext& context);

  struct ServerSchemas {
    CatalogListPtr tools;  // that they are of
    std::unordered_map<std::string, std::shared_ptr<const ToolSchemas>> by_name;
  };

  mcp::Executor executor_;
  std::shared_ptr<std::size_t> waiting_;  // bytes of the texts on their way through the threads
  std::unordered_map<ServerName, ServerSchemas> servers_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace gateway

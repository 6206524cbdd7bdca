#include "gateway/routing/call_validation.h"

#include <utility>

namespace gateway {

using mcp::CallContext;
using mcp::Message;
using mcp::Result;
using mcp::Task;

CallValidator::CallValidator(mcp::Executor executor) : pool_(std::move(executor)) {}

Task<Result<Message>> CallValidator::call(const Route& route, Message request, CallContext& context, Send send) {
  const CallChecks checks = route.spec->checks;
  const auto schemas = schemas_.find(*route.runtime, route.own_name.str());
  if (schemas && checks.arguments && schemas->has_input()) {
    const std::string_view arguments = request.raw(request.envelope().arguments);
    auto verdict = co_await check(schemas, &ToolSchemas::check_arguments, arguments, context);
    if (!verdict) co_return std::unexpected(std::move(verdict).error());
  }
  auto answer = co_await send(std::move(request));
  if (schemas && checks.results && schemas->has_output() && answer && !answer->is_error()) {
    const std::string_view result = answer->raw(answer->envelope().result);
    auto verdict = co_await check(schemas, &ToolSchemas::check_result, result, context);
    if (!verdict) co_return std::unexpected(std::move(verdict).error());
  }
  co_return answer;
}

Task<Result<>> CallValidator::check_late(const Runtime& runtime,
                                         std::string_view tool,
                                         const Message& answer,
                                         CallContext& context) {
  if (!runtime.spec().checks.results || answer.is_error()) co_return Result<>();
  const auto schemas = schemas_.find(runtime, std::string(tool));
  if (!schemas || !schemas->has_output()) co_return Result<>();
  const std::string_view result = answer.raw(answer.envelope().result);
  co_return co_await check(schemas, &ToolSchemas::check_result, result, context);
}

Task<Result<>> CallValidator::check(std::shared_ptr<const ToolSchemas> schemas,
                                    Check question,
                                    std::string_view text,
                                    CallContext& context) {
  CheckPool::Work work = [schemas = std::move(schemas), question](std::string_view checked, const mcp::WorkEnd& end) {
    return ((*schemas).*question)(checked, end);
  };
  co_return co_await pool_.run(text, std::move(work), context);
}

}  // namespace gateway

#include "gateway/upstream/client_errand.h"

#include "gateway/upstream/deadline.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

mcp::Task<bool> tell(const mcp::Executor& executor, mcp::ClientSession& session, std::string_view method, std::string_view params) {
  mcp::Cancellation cancellation;
  const auto slow = [] { return Error{ErrorCode::timeout, "no answer in time"}; };
  const Deadline deadline(executor, kClientErrand, slow, cancellation);
  const auto answer = co_await session.call(method, params, cancellation);
  if (answer && !answer->is_error()) co_return true;
  const std::string cause = !answer ? answer.error().message : std::string(answer->raw(answer->envelope().error).substr(0, 300));
  mcp::log_debug("upstream", "a request on a client's behalf failed", {{"method", method}, {"cause", cause}});
  co_return false;
}

std::string uri_params(std::string_view uri) {
  return "{\"uri\":" + mcp::json_string(uri) + "}";
}

}  // namespace gateway

#include "gateway/upstream/session_check.h"

#include <string>

#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Message;

bool refuses_session(const Message& answer) {
  if (!answer.is_error()) return false;
  const std::string_view code = mcp::member(answer.raw(answer.envelope().error), "code");
  return code.starts_with("-320") && code.size() == 6 && code != std::to_string(mcp::kResourceNotFound) &&
         code != std::to_string(mcp::kUrlElicitationRequired);
}

std::optional<Error> verdict_of_ping(const mcp::Result<Message>& answer) {
  if (!answer && answer.error().code == ErrorCode::overloaded) return std::nullopt;
  if (!answer && answer.error().code != ErrorCode::http_status) return answer.error();
  if (answer && !refuses_session(*answer)) return std::nullopt;
  return Error{ErrorCode::session_lost, "the server no longer takes our session; it was probably restarted"};
}

}  // namespace gateway

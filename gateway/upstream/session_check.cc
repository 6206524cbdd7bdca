#include "gateway/upstream/session_check.h"

#include <chrono>
#include <string>

#include "gateway/upstream/deadline.h"
#include "mcp/base/login_reason.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Message;

namespace {

constexpr auto kPing = std::chrono::seconds(5);

std::optional<Error> verdict_of(const mcp::Result<Message>& answer) {
  if (!answer && answer.error().code == ErrorCode::overloaded) return std::nullopt;
  if (!answer && answer.error().code != ErrorCode::http_status) return answer.error();
  if (answer && !refuses_session(*answer)) return std::nullopt;
  return Error{ErrorCode::session_lost, "the server no longer takes our session; it was probably restarted"};
}

}  // namespace

bool refuses_session(const Message& answer) {
  if (!answer.is_error()) return false;
  const std::string_view code = mcp::member(answer.raw(answer.envelope().error), "code");
  return code.starts_with("-320") && code.size() == 6 && code != std::to_string(mcp::kResourceNotFound) &&
         code != std::to_string(mcp::kUrlElicitationRequired);
}

bool casts_doubt(ErrorCode code) {
  return mcp::is_login_reason(code) || code == ErrorCode::connect_failed || code == ErrorCode::tls_failed ||
         code == ErrorCode::http_status;
}

Error for_open_requests(Error lost) {
  if (!casts_doubt(lost.code) || mcp::is_login_reason(lost.code)) return lost;
  return {ErrorCode::connection_lost, std::move(lost.message), "The call may or may not have run."};
}

mcp::Task<std::optional<Error>> check_session(mcp::Executor executor, std::shared_ptr<mcp::ClientSession> session) {
  mcp::Cancellation cancellation;
  const auto silent = [] { return Error{ErrorCode::connect_failed, "the server does not answer a ping"}; };
  const Deadline deadline(executor, kPing, silent, cancellation);
  const auto answer = co_await session->call("ping", {}, cancellation);
  co_return verdict_of(answer);
}

}  // namespace gateway

#include "gateway/downstream/relay_errors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Message;

namespace {

constexpr std::string_view kStartAnother = "Start one with \"switchyard serve\", then let the client start this program again.";

/// A message as part of a longer one.
std::string without_stop(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

bool is_loss(ErrorCode code) {
  return code == ErrorCode::connect_failed || code == ErrorCode::connection_lost || code == ErrorCode::session_lost;
}

Error open_when_lost(Error error, bool call) {
  if (!is_loss(error.code)) return error;
  error.message = "the gateway was lost before it answered: " + error.message;
  error.remedy = call ? "The call may or may not have run. The gateway is being looked for: where the call could do harm twice, "
                        "check before you repeat it."
                      : "The gateway is being looked for: try again.";
  return error;
}

Message failure(std::string_view id, const Error& error, bool call) {
  return call ? mcp::tool_error_response(id, error, "") : mcp::error_response(id, error);
}

Error lost_for_good(const Error& cause, const std::optional<Error>& refusal, std::chrono::steady_clock::duration away) {
  std::string text = "the gateway was lost (" + without_stop(cause.message) + "), and ";
  if (refusal) {
    text += "the one that runs now does not take the session over: " + refusal->message;
  } else {
    const auto seconds = std::chrono::round<std::chrono::seconds>(away).count();
    text += "none came back within " + std::to_string(std::max<std::int64_t>(seconds, 1)) + " s";
  }
  const bool remedied = refusal && !refusal->remedy.empty();
  return {refusal ? refusal->code : ErrorCode::connect_failed,
          std::move(text),
          remedied ? refusal->remedy : std::string(kStartAnother)};
}

}  // namespace gateway

#pragma once

#include <string>
#include <string_view>

namespace mcp {

/// Everything that can go wrong, as a closed list. What a person reads is in Error::message and Error::remedy; code and metrics
/// decide by this value alone.
enum class ErrorCode {
  // What a peer sent cannot be accepted.
  parse_error,
  invalid_request,
  invalid_params,
  method_not_found,
  too_large,
  // Waiting ended before the answer came.
  timeout,
  cancelled,
  shutting_down,
  overloaded,
  // A server could not be reached, or was lost.
  spawn_failed,
  sandbox_unavailable,
  sandbox_denied,
  exited,
  not_mcp,
  connect_failed,
  tls_failed,
  http_status,
  session_lost,
  connection_lost,
  // Of logins: nobody has logged in yet; somebody has to do it again; what the configuration gives was refused; a token cannot be
  // had just now.
  login_required,
  reauthentication_required,
  credential_refused,
  authorization_unavailable,
  unsupported_version,
  // The configuration does not allow it.
  config_invalid,
  name_invalid,
  variable_missing,
  // The name leads nowhere just now.
  unknown_tool,
  tool_filtered,
  unknown_prompt,
  unknown_resource,
  server_unavailable,
  environment_unavailable,
  // The rest.
  io_error,
  internal,
};

/// The enumerator's own spelling ("timeout"), as logs, metrics and the admin API show it.
std::string_view to_string(ErrorCode code);

/// A failure as a value. `message` names the thing that failed; `remedy`, where there is one, is a sentence that says what to do.
/// `data` is JSON text for machines, or empty. None of them ever holds a secret.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string remedy = {};
  std::string data = {};

  /// Message and remedy as one line for people.
  std::string text() const;
};

}  // namespace mcp

#include "mcp/base/error.h"

namespace mcp {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::parse_error:
      return "parse_error";
    case ErrorCode::invalid_request:
      return "invalid_request";
    case ErrorCode::invalid_params:
      return "invalid_params";
    case ErrorCode::method_not_found:
      return "method_not_found";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::shutting_down:
      return "shutting_down";
    case ErrorCode::overloaded:
      return "overloaded";
    case ErrorCode::spawn_failed:
      return "spawn_failed";
    case ErrorCode::sandbox_unavailable:
      return "sandbox_unavailable";
    case ErrorCode::sandbox_denied:
      return "sandbox_denied";
    case ErrorCode::exited:
      return "exited";
    case ErrorCode::not_mcp:
      return "not_mcp";
    case ErrorCode::connect_failed:
      return "connect_failed";
    case ErrorCode::tls_failed:
      return "tls_failed";
    case ErrorCode::http_status:
      return "http_status";
    case ErrorCode::session_lost:
      return "session_lost";
    case ErrorCode::connection_lost:
      return "connection_lost";
    case ErrorCode::login_required:
      return "login_required";
    case ErrorCode::reauthentication_required:
      return "reauthentication_required";
    case ErrorCode::credential_refused:
      return "credential_refused";
    case ErrorCode::authorization_unavailable:
      return "authorization_unavailable";
    case ErrorCode::unsupported_version:
      return "unsupported_version";
    case ErrorCode::config_invalid:
      return "config_invalid";
    case ErrorCode::name_invalid:
      return "name_invalid";
    case ErrorCode::variable_missing:
      return "variable_missing";
    case ErrorCode::unknown_tool:
      return "unknown_tool";
    case ErrorCode::tool_filtered:
      return "tool_filtered";
    case ErrorCode::unknown_prompt:
      return "unknown_prompt";
    case ErrorCode::unknown_resource:
      return "unknown_resource";
    case ErrorCode::environment_unavailable:
      return "environment_unavailable";
    case ErrorCode::server_unavailable:
      return "server_unavailable";
    case ErrorCode::io_error:
      return "io_error";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const {
  if (remedy.empty()) return message;
  const bool ended = message.ends_with('.') || message.ends_with('!') || message.ends_with('?');
  return message + (ended ? " " : ". ") + remedy;
}

}  // namespace mcp

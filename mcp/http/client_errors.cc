#include "mcp/http/client_errors.h"

namespace mcp {

std::unexpected<Error> connection_lost(const std::string& origin, std::string_view what, bool answer_began) {
  const auto* when = answer_began ? "" : " before it answered";
  return fail(ErrorCode::connection_lost,
              "the connection to " + origin + " " + std::string(what) + when + ".",
              "The request may or may not have been carried out.");
}

std::unexpected<Error> malformed_answer(const std::string& origin, std::string_view why, std::string_view beginning) {
  // The types of TLS records that a server may begin with: alert, handshake.
  const bool speaks_tls = beginning.starts_with('\x15') || beginning.starts_with('\x16');
  return fail(ErrorCode::not_mcp,
              "the answer of " + origin + " is not HTTP/1.1: " + std::string(why) + ".",
              speaks_tls ? "The server seems to speak TLS: begin \"url\" with https://."
                         : "Check that \"url\" points to the server's MCP endpoint.");
}

std::unexpected<Error> answer_too_large(const std::string& origin, std::size_t limit) {
  return fail(ErrorCode::too_large,
              "the answer of " + origin + " is larger than " + std::to_string(limit) + " bytes.",
              "Ask the server for less at a time.");
}

std::unexpected<Error> head_too_large(const std::string& origin, std::size_t limit) {
  return fail(ErrorCode::too_large,
              "the head of the answer of " + origin + " is larger than " + std::to_string(limit) + " bytes.",
              "Check that \"url\" points to the server's MCP endpoint.");
}

}  // namespace mcp

#include "mcp/rpc/error_codes.h"

#include "mcp/json/text.h"

namespace mcp {

namespace {

std::string error_data(const Error& error) {
  if (!error.data.empty()) return error.data;
  std::string data = "{\"reason\":";
  append_json_string(data, to_string(error.code));
  if (!error.remedy.empty()) {
    data += ",\"remedy\":";
    append_json_string(data, error.remedy);
  }
  data += "}";
  return data;
}

}  // namespace

int rpc_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::parse_error:
      return kParseError;
    case ErrorCode::invalid_request:
      return kInvalidRequest;
    case ErrorCode::method_not_found:
      return kMethodNotFound;
    case ErrorCode::invalid_params:
    case ErrorCode::unknown_tool:
    case ErrorCode::tool_filtered:
    case ErrorCode::unknown_prompt:
      return kInvalidParams;
    case ErrorCode::unknown_resource:
      return kResourceNotFound;
    default:
      return kInternalError;
  }
}

Message error_response(std::string_view id, const Error& error) {
  const std::string data = error_data(error);
  return Message::error(id.empty() ? "null" : id, rpc_code(error.code), error.text(), data);
}

Message tool_error_response(std::string_view id, const Error& error, std::string_view server) {
  std::string result = R"({"content":[{"type":"text","text":)";
  append_json_string(result, error.text());
  result += R"(}],"isError":true,"_meta":{"switchyard/error":{"reason":)";
  append_json_string(result, to_string(error.code));
  if (!server.empty()) {
    result += R"(,"server":)";
    append_json_string(result, server);
  }
  if (!error.remedy.empty()) {
    result += R"(,"remedy":)";
    append_json_string(result, error.remedy);
  }
  result += "}}}";
  return Message::result(id, result);
}

}  // namespace mcp

#include <algorithm>
#include <array>
#include <charconv>

#include "mcp/http/client_exchange.h"

namespace mcp {
namespace {

bool token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool valid_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, token_char);
}

bool valid_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

bool valid_target(std::string_view text) {
  return text.starts_with('/') && std::ranges::none_of(text, [](char c) { return c <= ' ' || c > '~'; });
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 24> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

Result<> format_header_lines(std::string& out, std::string_view origin, const HttpClientHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (!valid_token(name) || !valid_value(value)) {
      auto shown = valid_token(name) ? std::string(name) : std::string("with an invalid name");
      return fail(ErrorCode::config_invalid,
                  "the header " + shown + " for " + std::string(origin) + " cannot be sent.",
                  "Header names are tokens, values have no line breaks or control characters.");
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return {};
}

Result<> format_request_head(std::string& out, const ClientPool& pool, const HttpClientRequest& request) {
  auto target = request.target.empty() ? std::string_view(pool.url().target) : request.target;
  if (!valid_token(request.method) || !valid_target(target)) {
    return fail(ErrorCode::config_invalid, "the request to " + pool.origin() + " has an invalid method or target.");
  }
  out.clear();
  out.append(request.method)
      .append(" ")
      .append(pool.target_prefix())
      .append(target)
      .append(" HTTP/1.1\r\n")
      .append(pool.fixed_headers());
  if (request.header_lines) out.append(*request.header_lines);
  if (auto formatted = format_header_lines(out, pool.origin(), request.headers); !formatted) return formatted;
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    out.append("Content-Length: ");
    append_number(out, request.body.size());
    out.append("\r\n");
  }
  out.append("\r\n");
  return {};
}

}  // namespace mcp

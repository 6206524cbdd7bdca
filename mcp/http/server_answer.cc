#include "mcp/http/server_answer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace mcp {

namespace {

struct StatusText {
  int status;
  std::string_view text;
};

constexpr std::array<StatusText, 26> kStatusTexts = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

std::string_view text_of(int status) {
  for (const StatusText& known : kStatusTexts) {
    if (known.status == status) return known.text;
  }
  return "Unknown";
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool is_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void write_head(std::string& out, const AnswerHead& head) {
  if (head.status == 200) {
    out.assign("HTTP/1.1 200 OK\r\n");
  } else {
    out.assign("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(head.status));
    out.append(" ").append(text_of(head.status)).append("\r\n");
  }
  if (!head.content_type.empty() && is_safe(head.content_type)) append_header(out, "Content-Type", head.content_type);
  for (const auto& [name, value] : head.headers) {
    if (is_safe(name) && is_safe(value)) append_header(out, name, value);
  }
  if (head.length == AnswerLength::chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (head.length == AnswerLength::known && status_has_body(head.status)) {
    out.append("Content-Length: ");
    append_number(out, head.body_size);
    out.append("\r\n");
  }
  if (head.close) out.append("Connection: close\r\n");
  out.append("\r\n");
}

}  // namespace mcp

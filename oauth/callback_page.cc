#include "oauth/callback_page.h"

#include <array>
#include <utility>

#include "mcp/http/http_server.h"

namespace oauth {
namespace {

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string render_page(std::string_view title, std::string_view text) {
  const std::string heading = escape(title);
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + heading +
         " - Switchyard</title></head>\n<body><h1>" + heading + "</h1><p>" + escape(text) + "</p></body></html>\n";
}

void show_page(mcp::HttpExchange& exchange, const CallbackPage& page) {
  static constexpr auto kHeaders = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
  });
  exchange.respond(page.status, "text/html; charset=utf-8", render_page(page.title, page.text), kHeaders);
}

}  // namespace oauth

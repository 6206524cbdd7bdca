#include "oauth/callback_page.h"

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

}  // namespace oauth

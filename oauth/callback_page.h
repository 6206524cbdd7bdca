#pragma once

#include <string>
#include <string_view>

namespace mcp {
class HttpExchange;
}

namespace oauth {

/// What somebody sees in the browser at the end of a login: plain HTML, no script, nothing from elsewhere. Both texts are escaped.
std::string render_page(std::string_view title, std::string_view text);

struct CallbackPage {
  int status = 400;
  std::string title;
  std::string text;
};

/// Answers a request with it; nothing of it is kept or sent on.
void show_page(mcp::HttpExchange& exchange, const CallbackPage& page);

}  // namespace oauth

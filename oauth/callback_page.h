#pragma once

#include <string>
#include <string_view>

namespace oauth {

/// What somebody sees in the browser at the end of a login: plain HTML, no script, nothing from elsewhere. Both texts are escaped.
std::string render_page(std::string_view title, std::string_view text);

}  // namespace oauth

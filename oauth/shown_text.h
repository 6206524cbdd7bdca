#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oauth {

/// The start of a text that somebody else wrote, on one line, as people may see it: what it repeats of `secrets`, plain or as in a
/// URL, is left out.
std::string shown_text(std::string_view text, const std::vector<std::string_view>& secrets);

}  // namespace oauth

#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// A text as a shell takes it for one word: in single quotes where it holds what a shell would make something of. For commands that
/// people copy.
std::string shell_word(std::string_view text);

}  // namespace gateway

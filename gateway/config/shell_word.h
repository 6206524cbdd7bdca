#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// The text as one word of a command that people paste into a shell: as it is, or in single quotes where a shell would read
/// something else.
std::string shell_word(std::string_view text);

}  // namespace gateway

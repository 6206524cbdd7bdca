#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// What to write so that a sandbox allows what it denied (RuntimeStatus::denied), a sentence. `place` is the sandbox's entry as
/// people read of it. A file that is not there (a program makes up a new name each time) stands for its folder.
std::string sandbox_advice(const std::vector<std::string>& denied, std::string_view place);

}  // namespace gateway

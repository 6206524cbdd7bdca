#pragma once

#include <span>
#include <string_view>

namespace gateway {

/// What no program in a sandbox sees unless its entry names it: paths below the home folder.
std::span<const std::string_view> home_secrets();

/// The same, absolute. `root`: what belongs to root alone and is hidden from its programs; else what is hidden from everybody's.
std::span<const std::string_view> system_secrets(bool root);

}  // namespace gateway

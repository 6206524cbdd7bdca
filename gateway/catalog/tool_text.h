#pragma once

#include <string>
#include <string_view>

#include "gateway/config/config.h"

namespace gateway {

/// A tool's JSON with the title and the description that the configuration gives it, also where older clients look for a title
/// (annotations.title, if there is one); every other byte stays. Its name is not looked at. `tool` is a valid JSON object.
std::string overridden(std::string_view tool, const ToolOverride& shown);

}  // namespace gateway

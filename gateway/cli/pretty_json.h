#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// JSON with line breaks and an indent of two, for people; harmless for a terminal. `json` is valid.
std::string pretty_json(std::string_view json);

}  // namespace gateway

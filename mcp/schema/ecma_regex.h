#pragma once

#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace mcp::schema {

/// Says in RE2's language what a regular expression means in ECMA-262 (with its flag "u", as JSON Schema wants it): other white
/// space, other dots, escapes of its own. Groups capture nothing. `pattern` is well-formed UTF-8.
///
/// Errors (invalid_params; the message is a part of a sentence: "it has a lookahead") where RE2 cannot say it, or where it is none.
Result<std::string> translate_ecma_regex(std::string_view pattern);

}  // namespace mcp::schema

#pragma once

#include <string>
#include <string_view>

namespace mcp::schema {

/// RE2's name for what stands in the braces of ECMA-262's \p{…}: a general category, long or short, or a script ("Letter", "gc=Lu",
/// "Script=Greek"). "" for what RE2 does not know, and for the categories it counts otherwise (C, Cn: it leaves out what is not
/// assigned).
std::string re2_property(std::string_view name);

}  // namespace mcp::schema

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace mcp {

/// What can go wrong with the answer of `origin`, in words for people.

/// `what` continues "the connection to ORIGIN": "broke", "was closed".
std::unexpected<Error> connection_lost(const std::string& origin, std::string_view what, bool answer_began);

/// `beginning`: the bytes that are no HTTP.
std::unexpected<Error> malformed_answer(const std::string& origin, std::string_view why, std::string_view beginning);

std::unexpected<Error> answer_too_large(const std::string& origin, std::size_t limit);

std::unexpected<Error> head_too_large(const std::string& origin, std::size_t limit);

}  // namespace mcp

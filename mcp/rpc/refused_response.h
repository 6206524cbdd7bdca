#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mcp {

/// Which of our requests a text was meant to answer that Message::parse() refused, so that its caller need not wait in vain: the
/// number of a member "id" near the text's beginning or end. A guess: the sender may only be believed about its own requests.
std::optional<std::uint64_t> refused_response_id(std::string_view text);

}  // namespace mcp

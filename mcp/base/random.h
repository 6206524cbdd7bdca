#pragma once

#include <cstdint>
#include <string>

namespace mcp {

/// `bytes` random bytes from the operating system, as lower-case hex: unguessable names for sessions and tokens. Ends the process
/// where the system has no randomness to give.
std::string random_hex(std::size_t bytes);

/// A number from the same source.
std::uint32_t random_number();

}  // namespace mcp

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace mcp {

/// JSON-RPC batches, which MCP has in revision 2025-03-26 alone ("Base Protocol", batching; both sides must take them): an array
/// of messages, each to be treated as if it had come alone, in their order.

inline constexpr std::size_t kMaxBatch = 1000;

/// Whether the text can only be a batch, if it is JSON: it begins with '['. Costs a look at the first bytes, so it may be asked of
/// every text.
bool is_batch(std::string_view text);

/// The texts of a batch's elements, in their order: views into `text`, which must not change while they are used. Each is valid
/// JSON in valid UTF-8, but whether it is a message Message::parse() has to say: one element that is none (a number, an array)
/// spoils only itself. `text` is mended in place like a Message's, so every element is one line.
///
/// Errors, of the batch as a whole: parse_error (not JSON; -32700), invalid_request (no array; an empty one, which JSON-RPC 2.0
/// forbids; more than `max_elements`; nested deeper than 128, the batch's own level counted; -32600).
Result<std::vector<std::string_view>> split_batch(std::string& text, std::size_t max_elements = kMaxBatch);

}  // namespace mcp

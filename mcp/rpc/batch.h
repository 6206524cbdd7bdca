#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
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

/// Whether a peer may send batches: it may where this revision was negotiated.
enum class Batches { allowed, refused };

/// Calls `each(std::string&&)` with the text of every message that came as `text`: with the elements of a batch in their order,
/// else with `text` itself, whatever it is. `text` must stay where it is until this returns, and is in its place again when a batch
/// is refused as a whole: split_batch()'s errors, or invalid_request where batches are not allowed.
template <class Each>
Result<> for_each_message_text(std::string&& text, Batches batches, Each&& each) {
  if (!is_batch(text)) {
    each(std::move(text));
    return {};
  }
  if (batches == Batches::refused) return fail(ErrorCode::invalid_request, "It is a batch, which only MCP 2025-03-26 has.");
  const auto split = split_batch(text);
  if (!split) return std::unexpected(split.error());
  for (const std::string_view element : *split)
    each(std::string(element));
  return {};
}

}  // namespace mcp

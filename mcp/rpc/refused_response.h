#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

/// Which of our requests a text was meant to answer that Message::parse() refused, so that its caller need not wait in vain: the
/// number of a member "id" near the text's beginning or end. A guess: the sender may only be believed about its own requests.
std::optional<std::uint64_t> refused_response_id(std::string_view text);

/// The same for a batch that is refused as a whole: the ids of its elements that seem to be responses, at most kMaxBatch. `text` is
/// mended as by split_batch().
std::vector<std::uint64_t> refused_batch_ids(std::string& text);

}  // namespace mcp

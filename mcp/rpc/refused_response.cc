#include "mcp/rpc/refused_response.h"

#include <algorithm>
#include <charconv>

#include "mcp/json/text.h"
#include "mcp/rpc/batch.h"

namespace mcp {

namespace {

constexpr std::size_t kLookedAt = 256;  // at each end; what lies between is the answer itself

}  // namespace

std::optional<std::uint64_t> refused_response_id(std::string_view text) {
  constexpr std::string_view kKey = "\"id\":";
  const std::string_view head = text.substr(0, kLookedAt), tail = text.substr(text.size() - std::min(text.size(), kLookedAt));
  for (const std::string_view part : {head, tail}) {
    // The message's own id comes first at its beginning and last at its end.
    const std::size_t at = part.data() == text.data() ? part.find(kKey) : part.rfind(kKey);
    if (at == std::string_view::npos) continue;
    std::string_view rest = part.substr(at + kKey.size());
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
    if (error == std::errc() && end != rest.data()) return id;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> refused_batch_ids(std::string& text) {
  std::vector<std::uint64_t> ids;
  const auto split = split_batch(text);
  if (!split) {
    // Cut off or too long: one of those it was to answer is better than none.
    if (const auto id = refused_response_id(text)) ids.push_back(*id);
    return ids;
  }
  for (const std::string_view element : *split) {
    if (!member(element, "method").empty()) continue;
    const std::string_view number = member(element, "id");
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), id);
    if (error == std::errc() && !number.empty() && end == number.data() + number.size()) ids.push_back(id);
  }
  return ids;
}

}  // namespace mcp

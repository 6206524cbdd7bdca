#include "mcp/schema/alternatives.h"

#include <algorithm>
#include <tuple>

namespace mcp::schema {
namespace {

/// How far the value is from an alternative; the smallest is the closest.
using Distance = std::tuple<int, std::size_t>;

Distance distance_of(const Value& value, const std::vector<Fault>& faults) {
  int kind = 0;
  for (const Fault& fault : faults) {
    const bool is_whole = fault.at == &value;
    const bool names_one = fault.keyword->key == "const" || fault.keyword->key == "enum";
    // Another type altogether, or another value of the member that tells the alternatives apart.
    if (is_whole && (fault.keyword->key == "type" || names_one)) kind = std::max(kind, 2);
    if (names_one && fault.at->parent == &value) kind = std::max(kind, 1);
  }
  return {kind, faults.size()};
}

bool is_brief(const Value& value, const std::vector<Fault>& faults) {
  return faults.size() == 1 && faults.front().at == &value;
}

}  // namespace

Explanation explain_no_match(const Value& value, std::vector<std::vector<Fault>> alternatives) {
  constexpr std::size_t kMostListed = 5;
  const std::size_t count = alternatives.size();
  if (count <= kMostListed && std::ranges::all_of(alternatives, [&](const auto& faults) { return is_brief(value, faults); })) {
    std::string reasons;
    for (const auto& faults : alternatives)
      reasons += (reasons.empty() ? "" : "; or ") + faults.front().message;
    return {.message = "matches no alternative: " + reasons, .closest = {}};
  }
  const auto closest = std::ranges::min_element(alternatives, {}, [&](const auto& faults) { return distance_of(value, faults); });
  const auto number = closest - alternatives.begin() + 1;
  return {.message = "matches none of " + std::to_string(count) + " alternatives; closest is number " + std::to_string(number),
          .closest = std::move(*closest)};
}

}  // namespace mcp::schema

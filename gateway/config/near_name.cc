#include "gateway/config/near_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

#include "gateway/config/jsonc.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxBytes = 64;
constexpr std::size_t kMaxCandidates = 300;

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '_' || c == '-') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace

std::size_t spelling_distance(std::string_view a_text, std::string_view b_text) {
  if (a_text.size() > kMaxBytes || b_text.size() > kMaxBytes) return std::numeric_limits<std::size_t>::max();
  const std::string a = folded(a_text), b = folded(b_text);
  std::array<std::array<std::size_t, kMaxBytes + 1>, 3> rows{};
  std::size_t before_last = 0, last = 1, current = 2;
  for (std::size_t j = 0; j <= b.size(); ++j)
    rows[last][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    rows[current][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = rows[last][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[current][j] = std::min({replaced, rows[last][j] + 1, rows[current][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[current][j] = std::min(rows[current][j], rows[before_last][j - 2] + 1);
      }
    }
    const std::size_t oldest = before_last;
    before_last = last;
    last = current;
    current = oldest;
  }
  return rows[last][b.size()];
}

std::optional<std::string> nearest_name(std::string_view text, const std::vector<std::string_view>& candidates) {
  std::optional<std::string> nearest;
  std::size_t best = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const std::string_view candidate : std::span(candidates).first(std::min(candidates.size(), kMaxCandidates))) {
    const std::size_t distance = spelling_distance(text, candidate);
    if (distance >= best || distance >= candidate.size()) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string name_hint(std::string_view text, const std::vector<std::string_view>& candidates) {
  if (const auto nearest = nearest_name(text, candidates)) return "; did you mean " + quoted(*nearest) + "?";
  if (candidates.empty() || candidates.size() > 30) return "";
  std::string out = "; known here: ";
  for (std::size_t i = 0; i < candidates.size(); ++i)
    out += (i == 0 ? "" : ", ") + std::string(candidates[i]);
  return out;
}

}  // namespace gateway

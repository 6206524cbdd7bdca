#include "gateway/config/words.h"

#include <algorithm>

namespace gateway {

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

std::string spoken(std::string word) {
  std::ranges::replace(word, '_', ' ');
  return word;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text.append(i == 0 ? "" : between).append(parts[i]);
  return text;
}

std::string some_of(const std::vector<std::string>& parts, std::size_t most) {
  if (parts.size() <= most) return joined(parts);
  const auto end = parts.begin() + static_cast<std::ptrdiff_t>(most);
  return joined({parts.begin(), end}) + " and " + std::to_string(parts.size() - most) + " more";
}

}  // namespace gateway

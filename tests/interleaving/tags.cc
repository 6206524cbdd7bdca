#include "tests/interleaving/tags.h"

#include <regex>

namespace gateway {

namespace {

template <class Use>
void each_match(std::string_view text, const std::regex& pattern, Use use) {
  const std::cregex_iterator end;
  for (std::cregex_iterator match(text.data(), text.data() + text.size(), pattern); match != end; ++match)
    use(*match);
}

}  // namespace

std::string CallTag::text() const {
  return "c" + std::to_string(client) + "-" + std::to_string(serial) + "-s" + std::to_string(server) + ".";
}

std::vector<CallTag> CallTag::all_in(std::string_view text) {
  static const std::regex pattern(R"(\bc(\d+)-(\d+)-s(\d+)\.)");
  std::vector<CallTag> tags;
  each_match(text, pattern, [&](const std::cmatch& match) {
    tags.push_back({std::stoi(match[1]), std::stoull(match[2]), std::stoi(match[3])});
  });
  return tags;
}

std::string QuestionTag::text() const {
  return "q" + std::to_string(serial) + "-k" + std::to_string(connection) + ".";
}

std::vector<QuestionTag> QuestionTag::all_in(std::string_view text) {
  static const std::regex pattern(R"(\bq(\d+)-k(\d+)\.)");
  std::vector<QuestionTag> tags;
  each_match(text, pattern, [&](const std::cmatch& match) { tags.push_back({std::stoull(match[1]), std::stoi(match[2])}); });
  return tags;
}

}  // namespace gateway

#include "oauth/challenge.h"

#include <algorithm>

#include "mcp/base/ascii.h"
#include "oauth/scopes.h"

namespace oauth {
namespace {

constexpr std::size_t kMaxHeader = std::size_t{16} << 10;
constexpr std::size_t kMaxChallenges = 16;
constexpr std::size_t kMaxParameters = 32;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool is_token68_char(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").contains(c);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text.substr(0, kMaxHeader)) {}

  std::vector<Challenge> read() {
    while (skip_separators()) {
      const std::string_view word = take(is_token_char);
      if (word.empty()) {
        // No scheme and no name begins so: whatever it is, it ends at the next blank or comma.
        take([](char c) { return !is_blank(c) && c != ','; });
        continue;
      }
      const std::size_t after = at_;
      take(is_blank);
      if (peek() == '=' && !found_.empty()) {
        ++at_;
        take(is_blank);
        if (!take_parameter(word)) break;
      } else {
        at_ = after;
        if (found_.size() >= kMaxChallenges) break;
        found_.push_back({.scheme = mcp::ascii_lower(word), .token68 = {}, .parameters = {}});
        take_token68();
      }
    }
    return std::move(found_);
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  template <class Wanted>
  std::string_view take(Wanted wanted) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && wanted(text_[at_]))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// False at the end.
  bool skip_separators() {
    take([](char c) { return is_blank(c) || c == ','; });
    return at_ < text_.size();
  }

  /// False where the value is a quoted string without an end.
  bool take_parameter(std::string_view name) {
    std::string value;
    if (peek() != '"') {
      value = take([](char c) { return !is_blank(c) && c != ','; });
    } else if (!take_quoted(value)) {
      return false;
    }
    auto& parameters = found_.back().parameters;
    if (parameters.size() < kMaxParameters) parameters.emplace_back(mcp::ascii_lower(name), std::move(value));
    return true;
  }

  bool take_quoted(std::string& value) {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  /// Behind a scheme: what is followed by a comma or the end, and is no parameter's name and value, is a token68.
  void take_token68() {
    const std::size_t begin = at_;
    if (take(is_blank).empty()) return;
    const std::size_t first = at_;
    const bool some = !take(is_token68_char).empty();
    take([](char c) { return c == '='; });
    const std::size_t end = at_;
    take(is_blank);
    if (some && (at_ == text_.size() || peek() == ',')) {
      found_.back().token68 = text_.substr(first, end - first);
    } else {
      at_ = begin;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Challenge> found_;
};

BearerChallenge to_bearer(const Challenge& challenge) {
  BearerChallenge bearer;
  bearer.resource_metadata = challenge.parameter("resource_metadata");
  bearer.error = challenge.parameter("error");
  bearer.error_description = challenge.parameter("error_description");
  const auto is_scope = [](const auto& parameter) { return parameter.first == "scope"; };
  if (std::ranges::any_of(challenge.parameters, is_scope)) bearer.scopes = parse_scopes(challenge.parameter("scope"));
  return bearer;
}

}  // namespace

std::string_view Challenge::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, [](const auto& parameter) { return std::string_view(parameter.first); });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  return Reader(header).read();
}

std::optional<BearerChallenge> find_bearer_challenge(std::string_view header) {
  const std::vector<Challenge> challenges = parse_challenges(header);
  const Challenge* best = nullptr;
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme != "bearer") continue;
    const bool tells = !challenge.parameter("resource_metadata").empty();
    if (best == nullptr || (tells && best->parameter("resource_metadata").empty())) best = &challenge;
  }
  if (best == nullptr) return std::nullopt;
  return to_bearer(*best);
}

}  // namespace oauth

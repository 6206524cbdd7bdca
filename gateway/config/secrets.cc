#include "gateway/config/secrets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/secret_hint.h"
#include "mcp/base/ascii.h"

namespace gateway {
namespace {

constexpr std::size_t kShortest = 6;
constexpr std::size_t kShortestLine = 16;

bool is_harmless_header(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {"accept",
                                                             "accept-charset",
                                                             "accept-encoding",
                                                             "accept-language",
                                                             "cache-control",
                                                             "content-type",
                                                             "origin",
                                                             "pragma",
                                                             "user-agent"};
  return std::ranges::find(kNames, mcp::ascii_lower(name)) != kNames.end();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = mcp::ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// As the other side sees the part of a URL.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    out += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return out;
}

/// Collects what must not show of one server.
class Collector {
 public:
  void add(std::string_view value) {
    if (value.size() < kShortest) return;
    out_.emplace_back(value);
    add_lines(value);
  }

  void add_named(std::string_view key, std::string_view value) {
    if (names_secret(key) || looks_secret(value)) add_value(value);
    add_urls(value, false);
  }

  /// "Bearer TOKEN": the token alone is what shows up elsewhere.
  void add_value(std::string_view value) {
    add(value);
    if (const auto blank = value.find(' '); blank != std::string_view::npos) add(mcp::trim_blanks(value.substr(blank)));
  }

  void add_urls(std::string_view text, bool every_query) {
    for (const UrlSecret& secret : secrets_in_urls(text)) {
      if (!secret.user_info.empty()) add("//" + std::string(secret.user_info) + "@");
      const bool certain = !secret.user_info.empty() || secret.in_path;
      if (certain || every_query || names_secret(secret.key) || looks_secret(secret.value)) {
        add(secret.value);
        add(percent_decoded(secret.value));
      }
    }
  }

  void add_arguments(const std::vector<std::string>& args) {
    std::string_view before;
    for (const std::string& argument : args) {
      if (const auto secret = secret_in_argument(before, argument)) add_value(secret->value);
      add_urls(argument, false);
      before = argument;
    }
  }

  std::vector<std::string> take() {
    std::ranges::sort(
        out_, [](const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
    const auto repeated = std::ranges::unique(out_);
    out_.erase(repeated.begin(), repeated.end());
    return std::move(out_);
  }

 private:
  /// A PEM key reaches the log line by line.
  void add_lines(std::string_view value) {
    if (value.find('\n') == std::string_view::npos) return;
    while (!value.empty()) {
      const std::string_view line = value.substr(0, value.find('\n'));
      const std::string_view text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
      if (text.size() >= kShortestLine && !text.starts_with("-----")) out_.emplace_back(text);
      value.remove_prefix(std::min(value.size(), line.size() + 1));
    }
  }

  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> secrets_of(const ServerSpec& spec) {
  Collector collector;
  for (const std::string& value : spec.secrets)
    collector.add_value(value);
  if (const auto* stdio = std::get_if<StdioSpec>(&spec.transport)) {
    for (const auto& [key, value] : stdio->env)
      collector.add_named(key, value);
    collector.add_arguments(stdio->args);
  } else {
    const auto& http = std::get<HttpSpec>(spec.transport);
    collector.add_urls(http.url, true);
    collector.add(http.access.bearer.token);
    collector.add(spec.oauth.client_secret);
    collector.add(spec.oauth.private_key);
    for (const auto& [key, value] : http.headers) {
      if (!is_harmless_header(key)) collector.add_value(value);
      collector.add_urls(value, false);
    }
  }
  return collector.take();
}

}  // namespace gateway

#include "gateway/config/entry_text.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "gateway/config/secret_hint.h"
#include "gateway/config/utf8.h"

namespace gateway {
namespace {

constexpr std::size_t kMostBytes = 200;

std::string text_at(const JsonNode& entry, std::string_view key) {
  const JsonMember* member = entry.find(key);
  return member != nullptr && member->value.is(JsonNode::Kind::string) ? member->value.text : "";
}

void hide(std::string& text, std::string_view value) {
  const std::string_view secret = written_out(value);
  if (secret.empty()) return;
  if (const std::size_t at = text.find(secret); at != std::string::npos) text.replace(at, secret.size(), "…");
}

std::string without_secrets(const std::string& before, const std::string& text) {
  std::string out = text;
  if (const auto secret = secret_in_argument(before, text)) hide(out, secret->value);
  for (const UrlSecret& secret : secrets_in_urls(text)) {
    const bool certain = !secret.user_info.empty() || secret.in_path;
    if (certain || names_secret(secret.key) || looks_secret(secret.value)) hide(out, secret.value);
  }
  return out;
}

/// As somebody would type it, more or less: it is to be read, not run.
std::string word(const std::string& text) {
  return text.empty() || text.contains(' ') ? "\"" + text + "\"" : text;
}

std::string cut(std::string text) {
  if (text.size() <= kMostBytes) return text;
  std::size_t end = 0;
  while (end < kMostBytes)
    end += std::max<std::size_t>(1, utf8_length(text, end));
  return text.substr(0, end) + "…";
}

}  // namespace

std::string url_text(const std::string& url) {
  std::string text = url;
  auto secrets = secrets_in_urls(url);
  // From the end on, so that places stay what they are.
  std::ranges::sort(secrets, std::greater(), [](const UrlSecret& secret) { return secret.value.data(); });
  for (const UrlSecret& secret : secrets) {
    if (!secret.value.empty()) text.replace(static_cast<std::size_t>(secret.value.data() - url.data()), secret.value.size(), "…");
  }
  return text;
}

std::string entry_text(const JsonNode& entry) {
  if (const std::string url = text_at(entry, "url"); !url.empty()) return cut(without_secrets("", url));
  const std::string command = text_at(entry, "command");
  if (command.empty()) return "an entry without command and url";
  std::string text = word(command), before;
  const JsonMember* args = entry.find("args");
  for (const JsonNode& item : args == nullptr ? std::vector<JsonNode>() : args->value.items) {
    text += " " + word(without_secrets(before, item.text));
    before = item.text;
  }
  return cut(text);
}

}  // namespace gateway

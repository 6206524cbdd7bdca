#include "gateway/upstream/redaction.h"

#include <algorithm>
#include <utility>

#include "gateway/config/secret_hint.h"

namespace gateway {

namespace {

constexpr std::size_t kShortest = 8;
constexpr std::size_t kLongestText = 4096;

}  // namespace

Redaction::Redaction(const ServerSpec& spec) {
  if (const auto* stdio = std::get_if<StdioSpec>(&spec.transport)) {
    for (const auto& [key, value] : stdio->env)
      add(key, value);
  } else {
    for (const auto& [key, value] : std::get<HttpSpec>(spec.transport).headers) {
      add(key, value);
      // "Bearer TOKEN": the token alone is what shows up elsewhere.
      if (const auto blank = value.find(' '); blank != std::string::npos) add(key, std::string_view(value).substr(blank + 1));
    }
  }
  std::ranges::sort(secrets_, [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void Redaction::add(std::string_view key, std::string_view value) {
  if (value.size() >= kShortest && (names_secret(key) || looks_secret(value))) secrets_.emplace_back(value);
}

std::string Redaction::clean(std::string_view text) const {
  // Cut after the replacing, or half a secret would stay at the end.
  std::string out(text.substr(0, kLongestText * 4));
  for (const std::string& secret : secrets_) {
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
      out.replace(at, secret.size(), "***");
  }
  if (out.size() <= kLongestText) return out;
  std::size_t cut = kLongestText;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80)
    --cut;
  out.resize(cut);
  return out + "…";
}

mcp::Error Redaction::clean(mcp::Error error) const {
  error.message = clean(error.message);
  error.remedy = clean(error.remedy);
  if (!error.data.empty() && clean(error.data) != error.data) error.data.clear();
  return error;
}

}  // namespace gateway

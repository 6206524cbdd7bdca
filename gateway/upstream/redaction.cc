#include "gateway/upstream/redaction.h"

#include <algorithm>
#include <utility>

#include "gateway/config/secrets.h"

namespace gateway {

namespace {

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kShortestPart = 6;

}  // namespace

Redaction::Redaction(const ServerSpec& spec) : secrets_(secrets_of(spec)) {}

void Redaction::add(const std::string& secret) {
  if (secret.size() < kShortestPart || std::ranges::find(secrets_, secret) != secrets_.end()) return;
  const auto shorter = [&](const std::string& other) { return other.size() <= secret.size(); };
  secrets_.insert(std::ranges::find_if(secrets_, shorter), secret);
}

void Redaction::cover_beginning(std::string& text) const {
  std::size_t longest = 0;
  for (const std::string& secret : secrets_) {
    std::size_t part = std::min(text.size(), secret.size() - 1);
    while (part >= kShortestPart && !text.ends_with(std::string_view(secret).substr(0, part)))
      --part;
    if (part >= kShortestPart) longest = std::max(longest, part);
  }
  if (longest > 0) text.replace(text.size() - longest, longest, "***");
}

std::string Redaction::clean(std::string_view text) const {
  // Cut after the replacing, or half a secret would stay at the end.
  std::string out(text.substr(0, kLongestText * 4));
  for (const std::string& secret : secrets_) {
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
      out.replace(at, secret.size(), "***");
  }
  cover_beginning(out);
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

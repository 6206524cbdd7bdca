#include "oauth/shown_text.h"

#include <algorithm>

#include "mcp/base/percent.h"

namespace oauth {
namespace {

constexpr std::size_t kMostRead = 4096;
constexpr std::size_t kMostShown = 200;
constexpr std::size_t kShortestSecret = 4;  // what is shorter stands in ordinary words

void replace_all(std::string& text, std::string_view what) {
  if (what.size() < kShortestSecret) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    text.replace(at, what.size(), "…");
}

}  // namespace

std::string shown_text(std::string_view text, const std::vector<std::string_view>& secrets) {
  std::string out(text.substr(0, kMostRead));
  for (const std::string_view secret : secrets) {
    replace_all(out, secret);
    replace_all(out, mcp::percent_encode(secret));
  }
  std::ranges::replace_if(out, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }, ' ');
  // The control characters of Latin-1, as UTF-8 has them: terminals know them too.
  for (auto at = out.find('\xC2'); at != std::string::npos && at + 1 < out.size(); at = out.find('\xC2', at + 1)) {
    if (static_cast<unsigned char>(out[at + 1]) < 0xA0) out.replace(at, 2, "  ");
  }
  auto cut = std::min(out.size(), kMostShown);
  // Not within a character.
  while (cut < out.size() && cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80)
    --cut;
  if (cut < out.size()) return out.substr(0, cut) + "…";
  return out;
}

}  // namespace oauth

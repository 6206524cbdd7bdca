#include "oauth/scopes.h"

#include <algorithm>
#include <iterator>

#include "mcp/base/ascii.h"

namespace oauth {
namespace {

constexpr std::size_t kMaxScopes = 256;
constexpr std::size_t kMaxLength = 1024;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kOffline = "offline_access";

void add(Scopes& scopes, std::string_view scope) {
  if (is_scope(scope) && scopes.size() < kMaxScopes && std::ranges::find(scopes, scope) == scopes.end()) scopes.emplace_back(scope);
}

}  // namespace

bool is_scope(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLength &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

Scopes parse_scopes(std::string_view text) {
  Scopes scopes;
  for (std::size_t at = 0; (at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    add(scopes, text.substr(at, end - at));
    at = end;
  }
  return scopes;
}

Scopes tidy_scopes(const Scopes& scopes) {
  Scopes tidy;
  for (const std::string& scope : scopes)
    tidy = unite_scopes(tidy, parse_scopes(scope));
  return tidy;
}

std::string join_scopes(const Scopes& scopes) {
  std::string text;
  for (const std::string& scope : scopes)
    text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

Scopes unite_scopes(const Scopes& first, const Scopes& second) {
  Scopes all = first;
  for (const std::string& scope : second)
    add(all, scope);
  return all;
}

Scopes missing_scopes(const Scopes& scopes, const Scopes& there) {
  Scopes missing;
  std::ranges::copy_if(scopes, std::back_inserter(missing), [&](const std::string& scope) {
    return std::ranges::find(there, scope) == there.end();
  });
  return missing;
}

Scopes choose_scopes(const ScopeSources& sources) {
  Scopes chosen;
  for (const auto* source : {&sources.configured, &sources.challenge, &sources.resource}) {
    if (!*source) continue;
    chosen = tidy_scopes(**source);
    break;
  }
  chosen = unite_scopes(chosen, tidy_scopes(sources.more));
  const bool knows_offline = std::ranges::find(sources.server, kOffline) != sources.server.end();
  if (!chosen.empty() && !sources.configured && knows_offline) add(chosen, kOffline);
  return chosen;
}

}  // namespace oauth

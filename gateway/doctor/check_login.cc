#include "gateway/doctor/check_login.h"

#include <algorithm>
#include <utility>

#include "gateway/config/shell_word.h"
#include "mcp/base/ascii.h"
#include "oauth/token_times.h"

namespace gateway {

namespace {

constexpr int kForbidden = 403;

bool is_authorization(const std::pair<std::string, std::string>& header) {
  return mcp::equals_ignoring_case(header.first, "authorization");
}

/// Neither is there a token that can be used, nor one to get another with.
bool is_over(const oauth::Credential& login, oauth::WallTime now) {
  const bool renewable = !login.refresh_token.empty() && login.dead.empty();
  return !renewable && !is_fresh(login, now);
}

void add_kept(CheckList& list, const ServerSpec& server, const std::string& wants, const oauth::Credential& login, bool over) {
  const std::string who = login.subject.empty() ? "somebody" : login.subject;
  if (over) {
    list.error(
        server.name.str(), wants + ", and that of " + who + " is over", "Run: switchyard login " + shell_word(server.name.str()));
    return;
  }
  list.ok(server.name.str(), wants + ", and " + who + " is logged in at " + login.key.issuer + "; it was asked without");
}

}  // namespace

std::optional<Check> judge_login(const ServerSpec& server, int status, const FindLogin& find, oauth::WallTime now) {
  const auto& http = std::get<HttpSpec>(server.transport);
  const LoginSpec& access = http.access;
  const std::string name = server.name.str();
  const std::string wants = "the server wants a login (HTTP " + std::to_string(status) + ")";
  const std::string see = "Whether it is taken, the gateway knows: switchyard status " + shell_word(name);
  CheckList list(CheckGroup::servers);
  const auto is_own = [&] { return std::ranges::any_of(http.headers, is_authorization); };
  if (status == kForbidden) {
    // For want of a login, or for reasons of its own: that cannot be told apart.
    const bool given = access.bearer.any() || access.grant == oauth::Grant::client_credentials;
    const bool kept = !given && access.login && find && find(http.url, access.account).value_or(std::nullopt);
    if (is_own() || !(given || kept)) return std::nullopt;
    list.warning(name, "the server refuses a request that came without its login (HTTP 403)", see);
    return list.take().front();
  }
  if (access.bearer.any()) {
    list.note(name, wants + "; the token of its \"bearer\" was not tried", see);
    return list.take().front();
  }
  if (is_own()) return std::nullopt;
  if (access.grant == oauth::Grant::client_credentials) {
    list.note(name, wants + "; the client of its \"oauth\" was not tried", see);
    return list.take().front();
  }
  if (!access.login || !find) return std::nullopt;
  auto login = find(http.url, access.account);
  if (login && !*login) return std::nullopt;
  if (login) {
    add_kept(list, server, wants, **login, is_over(**login, now));
  } else {
    list.error(name, std::move(login.error()));
  }
  return list.take().front();
}

}  // namespace gateway

// What a gateway does when somebody logs in or out, or a login's state changes.
#include <utility>

#include "gateway/host/gateway.h"
#include "gateway/upstream/server_logins.h"
#include "mcp/base/log.h"
#include "mcp/http/url.h"
#include "oauth/registration.h"

namespace gateway {

namespace {

/// What of a login people should hear of when it changes. A token that was renewed is nothing of that.
std::string signature(const ServerLogin& login) {
  std::string text = login.logged_in ? "in" : "out";
  text += login.needs_person ? " over" : "";
  if (login.trouble) text += " " + std::string(to_string(login.trouble->code)) + " " + login.trouble->message;
  for (const std::string& scope : login.wanted)
    text += " +" + scope;
  return text + " " + login.note;
}

}  // namespace

LoginOf Gateway::login_of() const {
  if (!dependencies_.logins) return {};
  return [logins = dependencies_.logins](const ServerSpec& spec) { return logins->login_of(spec); };
}

/// A server whose login is another one is another connection, and none of the others is touched.
Plan Gateway::logins_changed() {
  return apply(Config(config_), EnvironmentStates(environments_));
}

std::string Gateway::client_document(std::string_view path) const {
  for (const ServerSpec& spec : config_.servers) {
    const std::string& named = spec.oauth.client_metadata_url;
    if (named.empty()) continue;
    const auto url = mcp::Url::parse(named);
    if (url && url->path() == path) return oauth::client_metadata_document(named);
  }
  return "";
}

void Gateway::login_status_changed() {
  for (const Server& server : servers_) {
    const auto login = server.runtime->status().login;
    if (!login || login->kind == ServerLogin::Kind::none) continue;
    std::string now = signature(*login);
    std::string& before = login_signatures_[server.identity.name().str()];
    if (std::exchange(before, now) == now) continue;
    if (login->trouble)
      mcp::log_warn("oauth",
                    "the login of a server is in trouble",
                    {{"server", server.identity.name().str()},
                     {"reason", mcp::to_string(login->trouble->code)},
                     {"outcome", login->outcome},
                     {"cause", login->trouble->message}});
    if (listener_.server_changed) listener_.server_changed(*server.runtime);
  }
}

}  // namespace gateway

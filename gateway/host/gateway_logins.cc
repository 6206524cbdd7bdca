// What a gateway does when somebody logs in or out, or a login's state changes.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gateway/host/gateway.h"
#include "gateway/upstream/server_logins.h"
#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"
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

/// The server waits with its next start for what is mended: the login was renewed after all.
bool waits_for_nothing(const RuntimeStatus& status) {
  const auto& login = status.login;
  const bool sound = login && login->logged_in && !login->needs_person && !login->trouble && login->wanted.empty();
  return sound && status.state == RuntimeState::backing_off && status.cause && mcp::is_login_reason(status.cause->code);
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
    if (!url || url->path() != path) continue;
    std::vector<std::string> callbacks;
    for (const ServerSpec& other : config_.servers) {
      const std::string& callback = other.oauth.callback_url;
      if (other.oauth.client_metadata_url == named && !callback.empty() &&
          std::ranges::find(callbacks, callback) == callbacks.end())
        callbacks.push_back(callback);
    }
    return oauth::client_metadata_document(named, callbacks);
  }
  return "";
}

bool Gateway::is_callback(std::string_view path) const {
  return std::ranges::any_of(config_.servers, [path](const ServerSpec& spec) { return comes_back_to(spec, path); });
}

void Gateway::login_status_changed() {
  for (const Server& server : servers_) {
    const RuntimeStatus status = server.runtime->status();
    const auto& login = status.login;
    if (!login || login->kind == ServerLogin::Kind::none) continue;
    std::string now = signature(*login);
    std::string& before = login_signatures_[server.identity.name().str()];
    if (std::exchange(before, now) == now) continue;
    if (waits_for_nothing(status)) server.runtime->try_again();
    if (login->trouble)
      mcp::log_warn("oauth",
                    "the login of a server is in trouble",
                    {{"server", server.identity.name().str()},
                     {"reason", mcp::to_string(login->trouble->code)},
                     {"outcome", login->outcome},
                     {"cause", login->trouble->message}});
    if (!login->trouble && !login->note.empty())
      mcp::log_warn("oauth", "the login of a server", {{"server", server.identity.name().str()}, {"note", login->note}});
    if (listener_.server_changed) listener_.server_changed(*server.runtime);
  }
}

}  // namespace gateway

#include "gateway/admin/login_view.h"

#include <nlohmann/json.hpp>

#include "gateway/admin/json_parts.h"
#include "gateway/admin/login_question.h"
#include "gateway/admin/time_text.h"

namespace gateway {

nlohmann::ordered_json login_object(const ServerLogin& login) {
  nlohmann::ordered_json json = {{"kind", to_string(login.kind)}};
  const auto text = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  const auto time = [&json](const char* name, const auto& value) {
    if (value) json[name] = rfc3339(*value);
  };
  if (login.kind == ServerLogin::Kind::none || login.kind == ServerLogin::Kind::login) json["loggedIn"] = login.logged_in;
  text("account", login.account);
  text("subject", login.subject);
  text("issuer", login.issuer);
  text("origin", login.origin);
  if (!login.scopes.empty()) json["scopes"] = login.scopes;
  if (!login.wanted.empty()) json["wantedScopes"] = login.wanted;
  time("expires", login.expires);
  time("refreshed", login.refreshed);
  time("attempted", login.attempted);
  text("outcome", login.outcome);
  time("nextTry", login.next_try);
  if (login.needs_person) json["needsPerson"] = true;
  if (login.trouble) json["trouble"] = error_object(*login.trouble);
  text("note", login.note);
  return json;
}

std::string_view to_string(LoginProgress::State state) {
  switch (state) {
    case LoginProgress::State::starting:
      return "starting";
    case LoginProgress::State::waiting:
      return "waiting";
    case LoginProgress::State::done:
      return "done";
    case LoginProgress::State::failed:
      return "failed";
  }
  return "failed";
}

std::string login_progress_json(const LoginProgress& progress) {
  nlohmann::ordered_json json = {{"id", progress.id}, {"server", progress.server}, {"state", to_string(progress.state)}};
  const auto text = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  text("account", progress.account);
  text("url", progress.url);
  text("verificationUri", progress.verification_uri);
  text("verificationUriComplete", progress.verification_uri_complete);
  text("userCode", progress.user_code);
  if (progress.state == LoginProgress::State::done) {
    json["loginWanted"] = progress.wanted;
    text("subject", progress.subject);
    text("issuer", progress.issuer);
    if (progress.wanted) json["scopes"] = progress.scopes;
  } else if (progress.state != LoginProgress::State::failed) {
    json["expires"] = rfc3339(progress.expires);
  }
  if (progress.error) json["error"] = error_object(*progress.error);
  return dump_json(json);
}

std::string logout_json(const LogoutReport& report) {
  nlohmann::ordered_json json = {{"server", report.server}, {"wasLoggedIn", report.was_logged_in}};
  if (!report.account.empty()) json["account"] = report.account;
  if (report.was_logged_in) {
    json["issuer"] = report.issuer;
    json["revoked"] = report.revoked;
    json["revocation"] = report.revocation;
  }
  return dump_json(json);
}

std::string login_uses_json(const std::vector<LoginUse>& uses) {
  nlohmann::ordered_json servers = nlohmann::ordered_json::array();
  for (const LoginUse& use : uses)
    servers.push_back({{"name", use.server}, {"login", use.login}});
  return dump_json({{"servers", std::move(servers)}});
}

}  // namespace gateway

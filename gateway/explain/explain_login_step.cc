#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "gateway/config/jsonc.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/explain/explain_steps.h"
#include "gateway/upstream/login_advice.h"
#include "mcp/base/ascii.h"

namespace gateway {

namespace {

/// "the header Authorization", "the headers X-Key, X-Other"; "" where there are none. Never a value.
std::string header_text(const HttpSpec& http) {
  std::string names;
  for (const auto& [name, value] : http.headers) {
    if (mcp::equals_ignoring_case(name, "authorization")) return "the header " + name;
    names.append(names.empty() ? "" : ", ").append(name);
  }
  if (names.empty()) return "";
  return (http.headers.size() == 1 ? "the header " : "the headers ") + names;
}

void add_facts(const ServerLogin& login, ExplainStep& step) {
  const auto add = [&step](const char* name, auto value) { step.facts.push_back({name, std::move(value)}); };
  const auto text = [&add](const char* name, const std::string& value) {
    if (!value.empty()) add(name, value);
  };
  add("kind", std::string(to_string(login.kind)));
  text("account", login.account);
  text("subject", login.subject);
  text("issuer", login.issuer);
  if (!login.scopes.empty()) add("scopes", login.scopes);
  if (!login.wanted.empty()) add("wantedScopes", login.wanted);
  if (login.expires) add("expires", *login.expires);
  if (login.refreshed) add("refreshed", *login.refreshed);
  text("outcome", login.outcome);
  if (login.next_try) add("nextTry", *login.next_try);
}

std::string login_command(const ExplainedServer& server) {
  return "Run: switchyard login " + shell_word(server.name.str());
}

/// What goes with each request, as far as it is known.
std::string sent_text(const ServerLogin& login, const HttpSpec& http) {
  switch (login.kind) {
    case ServerLogin::Kind::login: {
      std::string text = "it is given the login" + (login.subject.empty() ? "" : " of " + login.subject);
      if (!login.issuer.empty()) text += " at " + login.issuer;
      return text + (login.account.empty() ? "" : ", account " + quoted(login.account));
    }
    case ServerLogin::Kind::client:
      return "it is given a token that the gateway has as the client " + quoted(login.subject);
    case ServerLogin::Kind::token:
      return "it is given the token of " + login.origin;
    case ServerLogin::Kind::header:
    case ServerLogin::Kind::none:
      break;
  }
  const std::string headers = header_text(http);
  return headers.empty() ? "" : "it takes " + headers + " of the configuration";
}

/// One that serves us by a login that will not last, or does not reach everywhere.
ExplainStep troubled_step(const ExplainedServer& server, const ServerLogin& login, ExplainStep step) {
  if (login.needs_person)
    return warning_step(
        step,
        step.found + "; that works no longer than its present token" + (login.trouble ? ": " + login.trouble->message : ""),
        login_command(server));
  if (!login.wanted.empty())
    return warning_step(step,
                        step.found + "; for some of what it does it wants the scope " + joined(login.wanted) + " besides",
                        login_command(server));
  if (login.trouble) return warning_step(step, step.found + "; " + login.trouble->message, "It is tried again by itself.");
  if (!login.note.empty()) return warning_step(step, step.found + "; " + login.note);
  return step;
}

}  // namespace

ExplainStep login_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  const RuntimeStatus& status = *server.status;
  ExplainStep step{.stage = ExplainStage::login};
  const ServerLogin login = status.login.value_or(ServerLogin());
  if (status.login) add_facts(login, step);
  if (wants_login(status)) return down_step(scene, status, std::move(step));
  const auto* http = server.spec == nullptr ? nullptr : std::get_if<HttpSpec>(&server.spec->transport);
  if (http == nullptr) return idle_step(step, "a program: it has what its entry gives it (env), and no login here");
  const bool answered = status.state == RuntimeState::ready || status.state == RuntimeState::dormant;
  const std::string sent = sent_text(login, *http);
  step.outcome = StepOutcome::passed;
  if (answered) {
    step.found = sent.empty() ? "it asks for none" : sent;
  } else {
    step.found = (sent.empty() ? std::string("none is sent") : sent) + "; whether that will do shows when it answers";
  }
  return troubled_step(server, login, std::move(step));
}

}  // namespace gateway

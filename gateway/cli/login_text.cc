#include "gateway/cli/login_text.h"

#include <algorithm>

#include "gateway/admin/time_text.h"
#include "gateway/cli/console.h"
#include "gateway/cli/text.h"
#include "gateway/config/shell_word.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

std::optional<LoginRow::Time> time_of(std::string_view json, std::string_view name) {
  return parse_rfc3339(mcp::string_member(json, name));
}

std::string words_of(std::string_view array) {
  std::string words;
  for (const std::string_view word : mcp::elements(array))
    words += (words.empty() ? "" : " ") + mcp::decode_json_string(word);
  return words;
}

/// "in 12 min", "3 s ago".
std::string distance(LoginRow::Time time, LoginRow::Time now) {
  const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(time > now ? time - now : now - time);
  return time > now ? "in " + duration_text(length) : duration_text(length) + " ago";
}

std::string moment(const std::optional<LoginRow::Time>& time, LoginRow::Time now) {
  return time ? rfc3339(*time) + " (" + distance(*time, now) + ")" : "";
}

std::string who(const LoginRow& login) {
  const std::string name = login.subject.empty() ? "somebody" : login.subject;
  return login.account.empty() ? name : name + ", account " + login.account;
}

}  // namespace

LoginRow read_login(std::string_view json) {
  LoginRow row;
  row.kind = mcp::string_member(json, "kind");
  row.account = mcp::string_member(json, "account");
  row.subject = mcp::string_member(json, "subject");
  row.issuer = mcp::string_member(json, "issuer");
  row.origin = mcp::string_member(json, "origin");
  row.scopes = words_of(mcp::member(json, "scopes"));
  row.wanted = words_of(mcp::member(json, "wantedScopes"));
  row.outcome = mcp::string_member(json, "outcome");
  row.note = mcp::string_member(json, "note");
  const std::string_view trouble = mcp::member(json, "trouble");
  row.reason = mcp::string_member(trouble, "reason");
  row.message = mcp::string_member(trouble, "message");
  row.remedy = mcp::string_member(trouble, "remedy");
  row.logged_in = mcp::member(json, "loggedIn") == "true";
  row.needs_person = mcp::member(json, "needsPerson") == "true";
  row.expires = time_of(json, "expires");
  row.refreshed = time_of(json, "refreshed");
  row.attempted = time_of(json, "attempted");
  row.next_try = time_of(json, "nextTry");
  return row;
}

std::string login_word(const LoginRow& login) {
  if (login.kind == "header") return "header";
  if (login.kind == "token") return "token";
  if (login.kind == "client") return "own client";
  if (!login.logged_in) return "";
  if (login.needs_person) return "over";
  return login.subject.empty() ? "logged in" : login.subject;
}

std::string login_need(const LoginRow& login, const std::string& server, LoginRow::Time now) {
  const std::string command = "Run: switchyard login " + shell_word(server);
  if (login.needs_person) {
    const std::string until = login.expires && *login.expires > now
                                  ? " Its token works " + distance(*login.expires, now).replace(0, 2, "for") + " yet."
                                  : "";
    return failure_text(login.message + (login.message.ends_with('.') ? "" : ".") + until, command);
  }
  if (!login.wanted.empty()) return failure_text("It wants more than its login allows: " + login.wanted + ".", command);
  return "";
}

std::vector<std::pair<std::string, std::string>> login_facts(const LoginRow& login, LoginRow::Time now) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&facts](std::string name, std::string value) {
    if (!value.empty()) facts.emplace_back(std::move(name), std::move(value));
  };
  if (login.kind == "header") add("login", "the header of its entry");
  if (login.kind == "token") add("login", login.origin);
  if (login.kind == "client") add("login", "as the client " + login.subject);
  if (login.kind == "none" && !login.logged_in) add("login", login.account.empty() ? "none" : "none, account " + login.account);
  if (login.kind == "login" && login.logged_in) add("login", who(login) + (login.issuer.empty() ? "" : " at " + login.issuer));
  add("scopes", login.scopes);
  add("wants scopes", login.wanted);
  add("token until", moment(login.expires, now));
  add("renewed", moment(login.refreshed, now));
  std::string last = login.outcome;
  if (!last.empty() && login.attempted) last += ", " + distance(*login.attempted, now);
  add("last try", last);
  add("trouble", login.message);
  add("asked again", moment(login.next_try, now));
  add("note", login.note);
  return facts;
}

}  // namespace gateway

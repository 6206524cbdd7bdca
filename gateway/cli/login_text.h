#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

/// "login" of a server in /api/v1/servers, for people. What the answer did not say is empty.
struct LoginRow {
  using Time = std::chrono::system_clock::time_point;

  std::string kind, account, subject, issuer, origin;
  std::string scopes, wanted;           // joined with blanks
  std::string outcome;                  // of the last attempt to renew it
  std::string reason, message, remedy;  // what is wrong
  std::string note;
  bool logged_in = false;
  bool needs_person = false;
  std::optional<Time> expires, refreshed, attempted, next_try;
};

LoginRow read_login(std::string_view json);

/// In a word or two, for a table: "ana@example.com", "logged in", "over", "own client"; "" where there is nothing to tell.
std::string login_word(const LoginRow& login);

/// What somebody should do about it though the server is ready; "" where that is nothing.
std::string login_need(const LoginRow& login, const std::string& server, LoginRow::Time now);

/// Line by line: what, and how it is.
std::vector<std::pair<std::string, std::string>> login_facts(const LoginRow& login, LoginRow::Time now);

}  // namespace gateway

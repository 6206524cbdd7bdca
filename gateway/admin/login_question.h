#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/error.h"

namespace gateway {

/// What is asked about a login that the gateway carries out for somebody.
struct LoginQuestion {
  enum class Action { start, look, paste, cancel };

  Action action = Action::look;
  std::string id;                      // of one that has been started
  std::string server;                  // start
  std::optional<std::string> account;  // likewise; {}: that of the entry
  bool device = false;                 // likewise: by a code on another device
  std::string response;                // paste: the address that the browser ended up at
};

/// How far a login has come. A value.
struct LoginProgress {
  enum class State { starting, waiting, done, failed };

  std::string id;  // unguessable
  std::string server, account;
  State state = State::starting;
  std::string url;                                                     // where the person's browser is to go
  std::string verification_uri, verification_uri_complete, user_code;  // by a code: where, and which
  std::string subject, issuer;                                         // once it is done
  std::vector<std::string> scopes;                                     // likewise
  bool wanted = true;                                                  // likewise; false: the server asks for no login
  std::optional<mcp::Error> error;
  std::chrono::system_clock::time_point expires;  // then nobody waits any more
};

std::string_view to_string(LoginProgress::State state);

struct LogoutReport {
  std::string server, account, issuer;
  bool was_logged_in = false, revoked = false;
  std::string revocation;  // what became of it at the authorization server, for people
};

/// Which login a server is reached by.
struct LoginUse {
  std::string server;
  std::string login;  // oauth::Credential::login; "" = nobody is logged in
};

/// As the admin API shows them.
std::string login_progress_json(const LoginProgress& progress);
std::string logout_json(const LogoutReport& report);
std::string login_uses_json(const std::vector<LoginUse>& uses);

}  // namespace gateway

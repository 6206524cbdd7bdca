#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mcp/base/error.h"
#include "mcp/transport/authorizer.h"

namespace gateway {

/// How a server over HTTP is told who we are, and how that does: what people see of it. A value without secrets; any thread.
struct ServerLogin {
  /// none: nothing is sent; login: somebody's; client: the gateway's own (client_credentials); token: one from elsewhere (bearer);
  /// header: one of the entry's headers.
  enum class Kind { none, login, client, token, header };

  Kind kind = Kind::none;
  std::string account;                      // of several logins; "" = the only one
  std::string subject;                      // who is logged in; "" = unknown
  std::string issuer;                       // of the authorization server
  std::vector<std::string> scopes, wanted;  // granted; and those that the server asked for besides
  std::string origin;                       // of a token from elsewhere: "the variable TOKEN"
  bool logged_in = false;
  bool needs_person = false;  // somebody has to log in (again): now, or when the token is over
  std::optional<std::chrono::system_clock::time_point> expires, refreshed, attempted, next_try;
  std::map<std::string, std::uint64_t> attempts;  // to renew it, by what came of them
  std::string outcome;                            // of the last attempt to renew it: oauth::RefreshOutcome; "" = none yet
  std::optional<mcp::Error> trouble;              // what is wrong, where something is
  std::string note;                               // what is worth saying beside it
};

std::string_view to_string(ServerLogin::Kind kind);

/// What a runtime has of it. Null and empty for a program.
struct ServerAccess {
  std::shared_ptr<mcp::Authorizer> authorizer;
  std::function<ServerLogin()> status;
};

}  // namespace gateway

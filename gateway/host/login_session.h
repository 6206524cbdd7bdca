#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/upstream/server_logins.h"
#include "oauth/device_flow.h"
#include "oauth/login.h"

namespace gateway {

struct LoginSessionOptions {
  bool device = false;
  bool pasted = false;                             // oauth::LoginOptions::pasted
  bool person_is_here = true;                      // oauth::LoginOptions::forgets_after_silence
  std::optional<std::string> account;              // instead of the entry's
  std::optional<std::vector<std::string>> scopes;  // likewise
  std::function<void(const std::string& url)> on_url;
  std::function<void(const oauth::DevicePrompt&)> on_code;
};

/// What came of a login.
struct LoginOutcome {
  bool wanted = true;  // false: the server asks for none
  std::string login;   // oauth::Credential::login
  std::string account, subject, issuer;
  std::vector<std::string> scopes;
  std::optional<std::chrono::system_clock::time_point> expires;
  bool renewable = false;              // it came with a refresh token
  std::vector<std::string> not_given;  // of the scopes that the server had asked for
};

/// One person's login to one server, from the first question to the store. Loop thread only; must outlive its run(), which runs
/// once.
class LoginSession {
 public:
  /// `spec` is of a server over HTTP.
  LoginSession(mcp::Executor executor, std::shared_ptr<ServerLogins> logins, ServerSpec spec, LoginSessionOptions options);
  LoginSession(const LoginSession&) = delete;
  LoginSession& operator=(const LoginSession&) = delete;
  ~LoginSession();

  /// Errors: why the entry needs no login (config_invalid), those of oauth::Login, and of the store.
  mcp::Task<mcp::Result<LoginOutcome>> run(mcp::Cancellation& cancellation);

  /// oauth::Login::paste(). Before run() has begun to wait: Error invalid_request.
  mcp::Result<> paste(std::string_view text);

  /// oauth::Login::come_back().
  std::optional<oauth::CallbackPage> come_back(std::string_view query);

 private:
  mcp::Result<> check() const;
  mcp::Task<oauth::Scopes> scopes_to_add();
  void carry_wishes(oauth::Credential& credential, const std::optional<oauth::Credential>& before) const;
  mcp::Task<mcp::Result<>> keep(oauth::Credential credential, mcp::Cancellation& cancellation);

  mcp::Executor executor_;
  std::shared_ptr<ServerLogins> logins_;
  ServerSpec spec_;
  LoginSessionOptions options_;
  oauth::Scopes wanted_;  // by the server, as known when this began
  std::unique_ptr<oauth::Login> login_;
};

struct LogoutOutcome {
  bool was_logged_in = false;
  std::string account, issuer;
  std::string revocation;  // what became of it at the authorization server, for people
  bool revoked = false;
};

/// Ends the login to a server: at the authorization server, where that takes it back, and in the store, whatever that says. Error:
/// those of the store, and the cancellation's reason while somebody else renews the login; then nothing has changed.
mcp::Task<mcp::Result<LogoutOutcome>> log_out(std::shared_ptr<ServerLogins> logins,
                                              ServerSpec spec,
                                              std::optional<std::string> account,
                                              mcp::Cancellation& cancellation);

}  // namespace gateway

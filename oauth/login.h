#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/base/event.h"
#include "oauth/authorization.h"
#include "oauth/callback_listener.h"
#include "oauth/device_flow.h"
#include "oauth/discovery.h"
#include "oauth/pkce.h"
#include "oauth/registration.h"
#include "oauth/scopes.h"
#include "oauth/settings.h"

namespace oauth {

struct LoginOptions {
  ServerSettings settings;
  std::string challenge;  // WWW-Authenticate of the server's refusal; "": the server is asked
  Scopes more;            // for a step-up: what was asked for before, and what is missing; left out where it is not known there
  bool device = false;    // by a code on another device (RFC 8628) instead of a browser that can come back here
  bool pasted = false;    // somebody is there to paste(): a port that is taken is no hindrance
  std::string client_version;
  std::chrono::seconds patience{300};  // how long a person may take
  /// Where nobody comes back, the authorization server may have shown an error to a person because it does not know the kept client
  /// any more: then the next login registers another one. Not where nobody may have looked at all.
  bool forgets_after_silence = true;
  /// Where the person's browser is to go: http or https. Comes again where the authorization server did not know us any more.
  std::function<void(const std::string& url)> on_url;
  std::function<void(const DevicePrompt&)> on_code;
};

/// One login at one server, from its URL to a credential that can be kept (MCP 2025-11-25, "Authorization"): is a login wanted,
/// where, as which client, the person's consent, the first tokens. Nothing is written but the registration of a client, to
/// `clients`. Loop thread only; must outlive its run(), which runs once.
class Login {
 public:
  Login(const mcp::Executor& executor, std::shared_ptr<Http> http, std::shared_ptr<KnownClients> clients, LoginOptions options);
  ~Login();
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  /// {}: the server asks for no login. Errors say what to do: login_required (the person refused), timeout (nobody came back in
  /// time), credential_refused (the client), authorization_unavailable (worth another try), config_invalid, io_error (the
  /// callback's port), invalid_request and parse_error (documents; see discover()), http_status, those of Http, or the
  /// cancellation's reason.
  mcp::Task<mcp::Result<std::optional<Credential>>> run(mcp::Cancellation& cancellation);

  /// Ends the waiting from another machine: the address that the person's browser ended up at, or the code in it. Error
  /// invalid_request: nothing waits for it, or it is another login's; waiting goes on.
  mcp::Result<> paste(std::string_view text);

  /// The browser has come back with this query to an address that somebody else listens at: what it is to be shown. {}: it is none
  /// of this login's.
  std::optional<CallbackListener::Page> come_back(std::string_view query);

  /// run() ends with Error cancelled.
  void cancel();

 private:
  struct Failure {
    mcp::Error error;
    enum class Mend { none, new_client, no_scopes } mend = Mend::none;
  };
  using Tried = std::expected<Credential, Failure>;

  mcp::Task<mcp::Result<std::optional<Credential>>> find_and_log_in();
  bool drop_scopes();
  mcp::Task<mcp::Result<Credential>> log_in();
  mcp::Task<mcp::Result<Credential>> with_consent();
  mcp::Task<Tried> by_browser();
  mcp::Task<Tried> by_device();
  mcp::Task<mcp::Result<>> choose_client(bool comes_back);
  mcp::Result<> listen_at(const LoopbackCallback& place);
  mcp::Result<std::string> open_way_back();
  mcp::Task<bool> is_forgotten(std::string url);
  mcp::Task<mcp::Result<std::string>> wait_for_code();
  mcp::Task<Tried> redeem(std::string code);
  TokenRequest token_request() const;
  Failure judge(TokenError error) const;
  CallbackListener::Page on_callback(std::string_view query);
  void settle(AuthorizationResponse response);

  mcp::Executor executor_;
  std::shared_ptr<Http> http_;
  std::shared_ptr<KnownClients> clients_;
  LoginOptions options_;
  mcp::Cancellation ended_;
  Discovery discovery_;
  ScopeSources sources_;
  Scopes scopes_;
  Client client_;
  bool kept_ = false;   // client_ is from an earlier login
  bool fresh_ = false;  // the kept one is not known there any more
  Pkce pkce_;
  ExpectedResponse expected_;
  std::unique_ptr<CallbackListener> listener_;
  std::unique_ptr<mcp::Event> arrived_;  // while somebody waits for response_
  std::optional<AuthorizationResponse> response_;
};

}  // namespace oauth

#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/admin/login_question.h"
#include "gateway/config/config.h"
#include "gateway/routing/login_link.h"
#include "gateway/upstream/server_logins.h"
#include "mcp/base/cancellation.h"
#include "mcp/base/event.h"
#include "oauth/callback_page.h"

namespace gateway {

/// The logins that a gateway carries out for people who are somewhere else: on the admin page, or behind an agent. Each has an id
/// and an address of its own, which works for that login alone. Loop thread only; stop() before it is destroyed.
class LoginDesk {
 public:
  LoginDesk(mcp::Executor executor, std::shared_ptr<ServerLogins> logins);
  ~LoginDesk();
  LoginDesk(const LoginDesk&) = delete;
  LoginDesk& operator=(const LoginDesk&) = delete;

  struct Wish {
    std::optional<std::string> account;
    bool device = false;
  };

  /// Begins a login, or finds the one that waits for the same already. Returns when a person can go on with it, or it is over; 20 s
  /// at most. Error overloaded: too many are under way.
  mcp::Task<mcp::Result<LoginProgress>> start(ServerSpec spec, Wish wish);

  /// All but `start`. Error config_invalid: there is none of that id; it is over for more than ten minutes.
  mcp::Task<mcp::Result<LoginProgress>> answer(LoginQuestion question);

  mcp::Task<mcp::Result<LogoutReport>> log_out(ServerSpec spec, std::string account);

  /// Takes up what another process has changed in the store.
  mcp::Task<void> read();

  /// A browser has come back to an address of the gateway's own (oauth.callbackUrl) with this query: what it is to be shown.
  /// `path` is where: a login ends only where it was to end.
  oauth::CallbackPage come_back(std::string_view path, std::string_view query);

  /// start() for whoever is shown an address on the way of a call. {} also where the browser would not come back to its own
  /// machine's loopback: whoever made somebody else open the address would get that person's login.
  mcp::Task<std::optional<LoginLink>> link(ServerSpec spec);

  /// Ends all of them.
  void stop();

 private:
  struct Entry;

  static mcp::Task<void> run(std::shared_ptr<Entry> entry);
  std::shared_ptr<Entry> find(const std::string& id);
  void forget_old();

  mcp::Executor executor_;
  std::shared_ptr<ServerLogins> logins_;
  std::list<std::shared_ptr<Entry>> entries_;
  bool stopped_ = false;
};

}  // namespace gateway

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/credential.h"
#include "oauth/http.h"
#include "oauth/login_store.h"
#include "oauth/registrar.h"
#include "oauth/settings.h"
#include "oauth/single_flight.h"
#include "oauth/token_keeper.h"

namespace oauth {

struct LoginsDependencies {
  mcp::Executor executor;
  std::shared_ptr<LoginStore> store;
  std::function<WallTime()> now;
  std::function<double()> random;  // in [0, 1)
};

/// All logins of one store, as one process knows them: which there are, and a TokenKeeper for each that is in use. Loop thread
/// only. Held by shared_ptr; close() before letting go.
class Logins final : public std::enable_shared_from_this<Logins> {
 public:
  explicit Logins(LoginsDependencies dependencies)
      : dependencies_(std::move(dependencies)), reading_(dependencies_.executor), again_(dependencies_.executor) {}

  /// Called when somebody has logged in or out, and when something of a login's status has changed.
  struct Listener {
    std::function<void()> logins_changed;
    std::function<void()> status_changed;
  };
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// Reads the store: first, and whenever it may have changed. What cannot be read is told; what was known of it stays, and it is
  /// read again by itself after a while.
  mcp::Task<std::vector<mcp::Error>> read();

  /// Why the store as a whole could not be read last; {} where it could.
  const std::optional<mcp::Error>& trouble() const { return trouble_; }

  /// Single logins that could not be read last.
  const std::vector<mcp::Error>& unreadable() const { return unreadable_; }

  /// The keeper of that login, where there is one already; else null.
  std::shared_ptr<TokenKeeper> keeper_in_use(const CredentialKey& key) const;

  /// Credential::login of the login for that server under that account, the newest where there are several; "" where there is
  /// none.
  std::string login_of(std::string_view server_url, std::string_view account) const;

  /// The key of that login.
  std::optional<CredentialKey> key_of(std::string_view server_url, std::string_view account) const;

  /// What keeps that login alive; null where there is none. Whoever asks last says how the authorization server is reached.
  struct Reach {
    std::shared_ptr<Http> http;
    std::shared_ptr<Registrar> registrar;
  };
  std::shared_ptr<TokenKeeper> keeper(const ServerSettings& settings, const Reach& reach);

  /// Of the keeper that is in use for that login; {} where there is none.
  std::optional<LoginStatus> status(std::string_view server_url, std::string_view account) const;

  /// Grows whenever somebody logs in or out.
  std::uint64_t revision() const { return revision_; }

  const LoginsDependencies& dependencies() const { return dependencies_; }

  /// Ends all keepers, which finish what they have begun within `grace`.
  mcp::Task<void> close(std::chrono::milliseconds grace);

 private:
  const Credential* find(std::string_view server_url, std::string_view account) const;
  mcp::Task<std::vector<mcp::Error>> read_once();
  mcp::Task<void> take(std::vector<Credential> listed);
  void read_later();
  void changed();

  LoginsDependencies dependencies_;
  Listener listener_;
  std::map<CredentialKey, Credential> known_;  // as last read; a keeper knows better
  std::map<CredentialKey, std::shared_ptr<TokenKeeper>> keepers_;
  std::uint64_t revision_ = 1;
  SingleFlight reading_;
  bool read_again_ = false;
  std::vector<mcp::Error> unreadable_;  // as read last
  std::optional<mcp::Error> trouble_;
  mcp::Timer again_;
  bool closed_ = false;
};

}  // namespace oauth

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/clock.h"
#include "mcp/transport/authorizer.h"
#include "oauth/credential.h"
#include "oauth/http.h"
#include "oauth/login_store.h"
#include "oauth/refresh_outcome.h"
#include "oauth/registrar.h"
#include "oauth/settings.h"
#include "oauth/single_flight.h"
#include "oauth/token_times.h"

namespace oauth {

struct TokenKeeperDependencies {
  mcp::Executor executor;
  std::shared_ptr<LoginStore> store;
  std::shared_ptr<Http> http;
  std::shared_ptr<Registrar> registrar;  // may be null: nothing is found out, nothing registered
  std::function<WallTime()> now;
  std::function<double()> random;                                         // in [0, 1)
  std::function<void()> changed = {};                                     // called from the loop whenever status() may have
  std::chrono::milliseconds request_deadline = std::chrono::seconds(45);  // for the authorization server
};

/// How a login does, as people see it. Nothing of it is secret.
struct LoginStatus {
  CredentialKey key;
  std::string subject;              // "" = unknown
  std::vector<std::string> scopes;  // granted
  std::vector<std::string> wanted;  // that the server asked for and the login does not have
  std::string login;                // Credential::login; "" = nobody is logged in
  bool usable = false;              // there is a token that can be tried
  bool needs_person = false;        // somebody has to log in again: now, or when the token has run out
  std::optional<WallTime> expires, refreshed;
  std::map<RefreshOutcome, std::uint64_t> attempts;  // so far, by what came of them
  std::optional<RefreshOutcome> outcome;             // of the last attempt
  std::optional<WallTime> attempted;                 // when that was
  std::optional<WallTime> next_try;                  // before that none is made
  std::optional<mcp::Error> trouble;                 // what is wrong, where something is
  std::string note;                                  // what is worth saying beside it: odd clocks, a store that takes nothing
};

/// Keeps one login alive: renews its token ahead of its end, and when the server refuses it; one attempt at a time, here and among
/// all processes that share the store. Each attempt is one transaction: lock, read the store again, adopt a newer token where there
/// is one, else ask the authorization server, write down, then use. It goes on when whoever wanted it has gone. What came of it is
/// one of a closed set (RefreshOutcome):
///
///   refreshed, adopted                 go on
///   transient, provider_error          the token stays while it is valid; no other attempt for a while (patience())
///   refresh_dead, consent, no_refresh_token, registration_lost, issuer_moved
///                                      the token stays while it is valid, then reauthentication_required
///   client_refused                     likewise, then credential_refused; asked again after five minutes
///   store_trouble                      the token in memory stays in force; nothing else is asked
///
/// Nothing is ever deleted; only the absence of the login from the store says that somebody logged out. A token that cannot be
/// written down is used all the same, while the lock is held until it can, so that no other process renews from what is over. Loop
/// thread only. Held by shared_ptr; close() before letting go.
class TokenKeeper final : public std::enable_shared_from_this<TokenKeeper> {
 public:
  using Header = mcp::Authorizer::Header;

  static std::shared_ptr<TokenKeeper> create(TokenKeeperDependencies dependencies, CredentialKey key);
  ~TokenKeeper();

  /// What the configuration says of the client, which counts where the login was made with it. Asked whenever that matters; where
  /// it says something else than when the client was refused, that is tried at once.
  using Settings = std::function<ServerSettings()>;
  using Place = std::list<Settings>::iterator;

  /// Somebody needs the login from here on, and says what is configured; leave(): no longer does. Of several who do the last to
  /// come counts. Where all have left, nothing is renewed ahead of time, until somebody joins; what could not be saved still is to
  /// be. KeeperUse does both.
  Place join(Settings settings);
  void leave(Place place);

  /// From here on it knows this login: what was read from the store. Renews it when that is due.
  void begin(Credential credential);

  /// From here on the authorization server is reached so.
  void reach(std::shared_ptr<Http> http, std::shared_ptr<Registrar> registrar);

  /// Sets `header` to a token that can be tried, and sees to it that it is renewed where that is due. False where there is none, or
  /// it was refused, or has run out.
  bool at_once(Header& header);

  /// A token that can be tried, renewed first where that is needed. Errors: login_required, reauthentication_required,
  /// credential_refused, authorization_unavailable (which says until when), or the cancellation's reason.
  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation& cancellation);

  /// The server refused `sent` (401). Success: there is another token now. `tries`: how often the same request was refused; a
  /// second time nothing is renewed any more, but a token of another process's adopted.
  mcp::Task<mcp::Result<>> rejected(Header sent, int tries, mcp::Cancellation& cancellation);

  /// Whether that is the token that it gives now.
  bool is_current(const Header& sent) const;

  /// The server wants these scopes for something (403, insufficient_scope). They are asked for at the next login, together with
  /// those that were asked for before.
  mcp::Error wants_scopes(const std::vector<std::string>& scopes);

  /// Until what is under way is over: such a wish is written down then, so that whoever logs in next knows it.
  mcp::Task<void> rest(mcp::Cancellation& cancellation);

  /// Looks into the store whether another process has changed the login, and takes that over.
  void look_again();

  /// This has been read from the store: {} where there is no login any more.
  void see(std::optional<Credential> stored);

  LoginStatus status() const;
  const CredentialKey& key() const { return key_; }

  /// The login as it is in memory; {} where nobody is logged in.
  const std::optional<Credential>& credential() const { return credential_; }

  /// What could not be saved so far; {} where all is.
  std::optional<Credential> unsaved() const { return unsaved_ ? credential_ : std::nullopt; }

  /// The lock that it holds because its token could not be saved, for a login or logout of the same process; else null. Until
  /// take_back() or give_up_unsaved() it makes no attempt.
  std::unique_ptr<StoreLock> surrender_lock();

  /// That came to nothing: what could not be saved is still to be.
  void take_back(std::unique_ptr<StoreLock> lock);

  /// What could not be saved is obsolete.
  void give_up_unsaved();

  /// No more attempts.
  void end();

  /// Likewise. One whose request is on its way is waited for, until `grace` is over.
  mcp::Task<void> close(std::chrono::milliseconds grace);

 private:
  /// Why an attempt is made: the token is to be renewed ahead of its end; it has run out; the server refused it; the server refused
  /// even the renewed one; what could not be saved is to be saved; what the server wants besides is to be written down.
  enum class Need { due, expired, rejected, refused_again, save, note };

  TokenKeeper(TokenKeeperDependencies dependencies, CredentialKey key);

  void look_at_settings();
  void pause(std::chrono::milliseconds time);
  bool usable() const;
  bool is_newer(const Credential& stored) const;
  bool may_try() const;
  bool is_due() const;
  void attempt(Need need);
  static mcp::Task<void> run(std::shared_ptr<TokenKeeper> self, Need need);
  static mcp::Task<void> look(std::shared_ptr<TokenKeeper> self);
  mcp::Error failure() const;
  std::optional<WallTime> next_look() const;
  void arm();
  void on_time();
  void adopt(Credential credential);
  void forget();
  void tell() const;

  // refresh_transaction.cc
  mcp::Task<void> transact(Need need);
  mcp::Task<bool> settled_by_store(Need need);
  mcp::Task<void> note_wanted();
  bool settled_by_memory();
  mcp::Task<void> ask();
  mcp::Task<void> take_tokens(TokenAnswer answer, WallTime asked);
  mcp::Task<void> take_refusal(TokenError error);
  mcp::Task<void> refused_again();
  mcp::Task<bool> has_moved();
  bool is_gone_for_long() const;
  mcp::Task<bool> register_with(std::string issuer);
  mcp::Task<void> save(Credential credential);
  mcp::Task<void> mark_dead(std::string code);
  TokenRequest refresh_request() const;
  void settle(RefreshOutcome outcome, std::optional<mcp::Error> trouble = {});

  TokenKeeperDependencies dependencies_;
  CredentialKey key_;
  ServerSettings settings_;  // as they were when last looked at
  std::optional<Credential> credential_;
  Header header_;                    // of credential_->access_token; null where that is ""
  std::string rejected_;             // the token that the server refused last
  std::vector<std::string> wanted_;  // scopes
  std::unique_ptr<StoreLock> lock_;  // during a transaction, and as long as what is in memory could not be saved
  bool unsaved_ = false;
  bool surrendered_ = false;  // somebody has the lock of what is unsaved
  std::list<Settings> users_;
  bool abandoned_ = false;  // there were users, and all have left
  std::string store_note_;
  std::map<RefreshOutcome, std::uint64_t> attempts_;
  std::optional<RefreshOutcome> outcome_;
  std::optional<WallTime> attempted_;
  Throttle throttle_;
  std::optional<mcp::Error> trouble_;
  SingleFlight attempt_;
  bool looking_ = false, look_again_ = false;
  std::string registered_for_;  // the login for which a lost registration was made again: once for each
  mcp::Timer timer_;
  mcp::Cancellation ending_;  // requested by close(), for what waits
  mcp::Cancellation hurry_;   // likewise, for a request on its way, when the grace is over
};

/// One who needs a login, for as long as this exists. Loop thread only.
class KeeperUse {
 public:
  KeeperUse() = default;
  KeeperUse(std::shared_ptr<TokenKeeper> keeper, TokenKeeper::Settings settings) : keeper_(std::move(keeper)) {
    if (keeper_) place_ = keeper_->join(std::move(settings));
  }

  ~KeeperUse() {
    if (keeper_) keeper_->leave(place_);
  }

  KeeperUse(KeeperUse&& other) noexcept : keeper_(std::move(other.keeper_)), place_(other.place_) {}

  KeeperUse& operator=(KeeperUse&& other) noexcept {
    std::swap(keeper_, other.keeper_);
    std::swap(place_, other.place_);
    return *this;
  }

  KeeperUse(const KeeperUse&) = delete;
  KeeperUse& operator=(const KeeperUse&) = delete;

  const std::shared_ptr<TokenKeeper>& get() const { return keeper_; }

 private:
  std::shared_ptr<TokenKeeper> keeper_;
  TokenKeeper::Place place_;
};

}  // namespace oauth

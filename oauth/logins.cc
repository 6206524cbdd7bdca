#include "oauth/logins.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "oauth/find_credentials.h"

namespace oauth {

namespace {

/// Who is logged in where: what a change of makes another login.
std::map<CredentialKey, std::string> names_of(const std::map<CredentialKey, Credential>& credentials) {
  std::map<CredentialKey, std::string> names;
  for (const auto& [key, credential] : credentials)
    names.emplace(key, credential.login);
  return names;
}

}  // namespace

mcp::Task<std::vector<mcp::Error>> Logins::read() {
  const auto self = shared_from_this();
  read_again_ = true;
  mcp::Cancellation never;
  // Whoever reads takes the wishes of all that come meanwhile along.
  if (!reading_.begin()) {
    co_await reading_.wait(never);
    co_return unreadable_;
  }
  while (std::exchange(read_again_, false))
    unreadable_ = co_await read_once();
  reading_.end();
  if (!unreadable_.empty()) read_later();
  co_return unreadable_;
}

mcp::Task<std::vector<mcp::Error>> Logins::read_once() {
  auto loaded = co_await dependencies_.store->load_all();
  if (!loaded) {
    trouble_ = std::move(loaded).error();
    co_return std::vector<mcp::Error>{*trouble_};
  }
  trouble_.reset();
  const auto before = names_of(known_);
  auto listed = std::move(loaded->credentials);
  co_await take(std::move(listed));
  for (const auto& [key, keeper] : keepers_) {
    // Before anybody is told: whoever is gets the new token at once.
    const auto found = known_.find(key);
    keeper->see(found == known_.end() ? std::nullopt : std::optional(found->second));
  }
  if (names_of(known_) != before) changed();
  co_return std::move(loaded->unreadable);
}

/// What is known and not listed is looked for by itself: a record that cannot be read is no logout, and hides none; nor is one that
/// was replaced while the folder was listed.
mcp::Task<void> Logins::take(std::vector<Credential> listed) {
  std::map<CredentialKey, Credential> now;
  for (Credential& credential : listed) {
    const CredentialKey key = credential.key;
    now.insert_or_assign(key, std::move(credential));
  }
  for (const auto& [key, credential] : known_) {
    if (now.contains(key)) continue;
    const auto there = co_await dependencies_.store->load(key);
    if (!there || *there) now.insert_or_assign(key, there ? **there : credential);
  }
  known_ = std::move(now);
}

void Logins::read_later() {
  constexpr auto kPause = std::chrono::seconds(10);
  if (closed_) return;
  again_.expires_after(kPause);
  again_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->closed_) return;
    boost::asio::co_spawn(
        self->dependencies_.executor, self->read(), [](const std::exception_ptr&, const std::vector<mcp::Error>&) {});
  });
}

std::shared_ptr<TokenKeeper> Logins::keeper_in_use(const CredentialKey& key) const {
  const auto keeper = keepers_.find(key);
  return keeper == keepers_.end() ? nullptr : keeper->second;
}

void Logins::changed() {
  ++revision_;
  if (listener_.logins_changed) listener_.logins_changed();
}

const Credential* Logins::find(std::string_view server_url, std::string_view account) const {
  const Credential* newest = nullptr;
  for (const auto& [key, credential] : known_) {
    if (credential.server_url != server_url || key.account != account) continue;
    if (newest == nullptr || login_time(credential) > login_time(*newest)) newest = &credential;
  }
  return newest;
}

std::string Logins::login_of(std::string_view server_url, std::string_view account) const {
  const Credential* credential = find(server_url, account);
  return credential == nullptr ? "" : credential->login;
}

std::optional<CredentialKey> Logins::key_of(std::string_view server_url, std::string_view account) const {
  const Credential* credential = find(server_url, account);
  return credential == nullptr ? std::nullopt : std::optional(credential->key);
}

std::shared_ptr<TokenKeeper> Logins::keeper(const ServerSettings& settings, const Reach& reach) {
  const Credential* credential = find(settings.server_url, settings.account);
  if (credential == nullptr || closed_) return nullptr;
  auto& keeper = keepers_[credential->key];
  if (!keeper) {
    keeper = TokenKeeper::create({.executor = dependencies_.executor,
                                  .store = dependencies_.store,
                                  .http = reach.http,
                                  .registrar = reach.registrar,
                                  .now = dependencies_.now,
                                  .random = dependencies_.random,
                                  .changed =
                                      [weak = weak_from_this()] {
                                        const auto self = weak.lock();
                                        if (self && self->listener_.status_changed) self->listener_.status_changed();
                                      }},
                                 credential->key);
    keeper->begin(*credential);
  }
  keeper->reach(reach.http, reach.registrar);
  return keeper;
}

std::optional<LoginStatus> Logins::status(std::string_view server_url, std::string_view account) const {
  const Credential* credential = find(server_url, account);
  if (credential == nullptr) return std::nullopt;
  const auto keeper = keepers_.find(credential->key);
  return keeper == keepers_.end() ? std::nullopt : std::optional(keeper->second->status());
}

mcp::Task<void> Logins::close(std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  closed_ = true;
  again_.cancel();
  listener_ = {};
  const auto deadline = mcp::Clock::now() + grace;
  const auto keepers = std::exchange(keepers_, {});
  for (const auto& [key, keeper] : keepers)
    keeper->end();
  for (const auto& [key, keeper] : keepers) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - mcp::Clock::now());
    co_await keeper->close(std::max(left, std::chrono::milliseconds(0)));
  }
}

}  // namespace oauth

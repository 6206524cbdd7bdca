#include "oauth/logins.h"

#include <algorithm>
#include <utility>

namespace oauth {

namespace {

/// Who is logged in where: what a change of makes another login.
std::map<CredentialKey, std::string> names_of(const std::map<CredentialKey, Credential>& credentials) {
  std::map<CredentialKey, std::string> names;
  for (const auto& [key, credential] : credentials)
    names.emplace(key, credential.login);
  return names;
}

WallTime begun(const Credential& credential) {
  return credential.logged_in.value_or(credential.issued.value_or(WallTime()));
}

}  // namespace

mcp::Task<std::vector<mcp::Error>> Logins::read() {
  const auto self = shared_from_this();
  std::vector<mcp::Error> unreadable;
  read_again_ = true;
  // Whoever reads takes the later ones along.
  if (std::exchange(reading_, true)) co_return unreadable;
  while (std::exchange(read_again_, false)) {
    auto loaded = co_await dependencies_.store->load_all();
    unreadable.clear();
    if (!loaded) {
      unreadable.push_back(std::move(loaded).error());
      continue;
    }
    const auto before = names_of(known_);
    std::map<CredentialKey, Credential> now;
    for (Credential& credential : loaded->credentials) {
      const CredentialKey key = credential.key;
      now.insert_or_assign(key, std::move(credential));
    }
    unreadable = std::move(loaded->unreadable);
    // A record that cannot be read is no logout.
    if (unreadable.empty()) {
      known_ = std::move(now);
    } else {
      for (auto& [key, credential] : now)
        known_.insert_or_assign(key, std::move(credential));
    }
    for (const auto& [key, keeper] : keepers_) {
      // Before anybody is told: whoever is gets the new token at once.
      const auto found = known_.find(key);
      keeper->see(found == known_.end() ? std::nullopt : std::optional(found->second));
    }
    if (names_of(known_) != before) changed();
  }
  reading_ = false;
  co_return unreadable;
}

void Logins::changed() {
  ++revision_;
  if (listener_.logins_changed) listener_.logins_changed();
}

const Credential* Logins::find(std::string_view server_url, std::string_view account) const {
  const Credential* newest = nullptr;
  for (const auto& [key, credential] : known_) {
    if (credential.server_url != server_url || key.account != account) continue;
    if (newest == nullptr || begun(credential) > begun(*newest)) newest = &credential;
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
    keeper->use(settings);
    keeper->begin(*credential);
  }
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

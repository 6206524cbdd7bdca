#include "oauth/find_credentials.h"

#include <algorithm>
#include <functional>

namespace oauth {

WallTime login_time(const Credential& credential) {
  return credential.logged_in.value_or(credential.issued.value_or(WallTime()));
}

mcp::Result<CredentialStore::Loaded> find_credentials(CredentialStore& store,
                                                      std::string_view server_url,
                                                      std::string_view account) {
  auto loaded = store.load_all();
  if (!loaded) return loaded;
  std::erase_if(loaded->credentials,
                [&](const Credential& each) { return each.server_url != server_url || each.key.account != account; });
  std::ranges::sort(loaded->credentials, std::greater(), login_time);
  return loaded;
}

}  // namespace oauth

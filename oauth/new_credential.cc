#include "oauth/new_credential.h"

#include <utility>

#include "mcp/base/random.h"
#include "oauth/claims.h"

namespace oauth {

Credential make_credential(const ServerSettings& settings,
                           const Discovery& discovery,
                           Client client,
                           const Scopes& asked,
                           TokenAnswer tokens,
                           WallTime now) {
  Credential credential;
  credential.key = {.issuer = discovery.server.issuer, .resource = discovery.resource, .account = settings.account};
  credential.server_url = settings.server_url;
  credential.client = std::move(client);
  credential.token_endpoint = discovery.server.token_endpoint;
  credential.revocation_endpoint = discovery.server.revocation_endpoint;
  credential.login = mcp::random_hex(16);
  credential.logged_in = now;
  credential.issued = now;
  if (tokens.lifetime) credential.expires = now + *tokens.lifetime;
  credential.subject = subject_of_jwt(tokens.id_token);
  if (credential.subject.empty()) credential.subject = subject_of_jwt(tokens.access_token);
  credential.access_token = std::move(tokens.access_token);
  credential.refresh_token = std::move(tokens.refresh_token);
  credential.asked = asked;
  credential.scopes = tokens.scopes ? tidy_scopes(*tokens.scopes) : asked;
  return credential;
}

}  // namespace oauth

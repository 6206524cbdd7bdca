#pragma once

#include "oauth/credential.h"
#include "oauth/discovery.h"
#include "oauth/settings.h"
#include "oauth/token_endpoint.h"

namespace oauth {

/// A login as its first tokens make it. `asked` are the scopes that were asked for; what was granted is the same where the answer
/// does not say otherwise (RFC 6749, 5.1).
Credential make_credential(const ServerSettings& settings,
                           const Discovery& discovery,
                           Client client,
                           const Scopes& asked,
                           TokenAnswer tokens,
                           WallTime now);

}  // namespace oauth

#pragma once

#include <memory>

#include "oauth/login_store.h"
#include "oauth/registration.h"

namespace oauth {

/// The clients in the store, for logins. What the store does not give or take is logged (target "oauth"). `store` must outlive it.
std::shared_ptr<KnownClients> make_stored_clients(LoginStore& store);

}  // namespace oauth

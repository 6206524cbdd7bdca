#pragma once

#include <memory>

#include "oauth/registration.h"
#include "oauth/store_access.h"

namespace oauth {

/// The clients in the store, for logins. What the store does not give or take is logged (target "oauth"). `store` must outlive it.
std::shared_ptr<KnownClients> make_stored_clients(StoreAccess& store);

}  // namespace oauth

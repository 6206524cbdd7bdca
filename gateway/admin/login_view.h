#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gateway/upstream/server_login.h"

namespace gateway {

/// What a server's object says under "login": {kind, …}, without what is unknown.
nlohmann::ordered_json login_object(const ServerLogin& login);

}  // namespace gateway

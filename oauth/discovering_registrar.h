#pragma once

#include <functional>
#include <memory>

#include "oauth/http.h"
#include "oauth/registrar.h"
#include "oauth/settings.h"

namespace oauth {

/// The Registrar that asks the server and its authorization server themselves, as a login would. `settings` are the server's, as
/// they are at the moment. Errors: those of discover() and register_client(); config_invalid where a login would use a client that
/// needs no registration.
std::shared_ptr<Registrar> make_registrar(std::shared_ptr<Http> http, std::function<ServerSettings()> settings);

}  // namespace oauth

#pragma once

#include <memory>

#include "oauth/http.h"
#include "oauth/registrar.h"
#include "oauth/settings.h"

namespace oauth {

/// The Registrar that asks the server and its authorization server themselves, as a login would. `settings` are the server's.
/// Errors: those of discover() and register_client().
std::shared_ptr<Registrar> make_registrar(std::shared_ptr<Http> http, ServerSettings settings);

}  // namespace oauth

#pragma once

#include "gateway/config/config.h"
#include "mcp/base/error.h"

namespace gateway {

/// The error with what to do about it, where a person has to log in to the server of that name (login_required,
/// reauthentication_required) and it says nothing better than that.
mcp::Error with_login_advice(mcp::Error error, const ServerName& name);

}  // namespace gateway

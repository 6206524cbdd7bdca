#pragma once

#include "gateway/config/config.h"
#include "mcp/base/error.h"

namespace gateway {

/// The error with what to do about it, where a person has to log in to the server of that name (login_required,
/// reauthentication_required) and it says nothing better than that.
mcp::Error with_login_advice(mcp::Error error, const ServerName& name);

/// The same of a server whose entry is known: where that says that nobody is to log in ("oauth": false), the advice is about that
/// setting, also in the place of what the other one has put there.
mcp::Error with_login_advice(mcp::Error error, const ServerSpec& spec);

}  // namespace gateway

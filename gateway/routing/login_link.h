#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/config/config.h"
#include "mcp/base/cancellation.h"
#include "mcp/base/task.h"

namespace gateway {

/// The way to a login that has been begun for somebody: an address for the person's browser, which works for that login alone.
struct LoginLink {
  std::string id;  // of the login
  std::string url;
  std::function<mcp::Task<void>(mcp::Cancellation&)> over;  // waits until the login is over, or the cancellation is requested
};

/// Begins one for the server of that name, or finds the one that is under way; {} where that cannot be done.
using LoginLinks = std::function<mcp::Task<std::optional<LoginLink>>(ServerName server)>;

}  // namespace gateway

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/admin/status.h"

namespace gateway {

/// The admin plane: cpp-httplib on a listener and threads of its own, loopback only for now. /healthz (alive) and /readyz (200 or
/// 503, naming what is missing) are open; everything else asks for "Authorization: Bearer TOKEN" (compared in constant time; 401
/// with one line that says where the token is). Host and Origin are checked like those of the MCP listener.
class AdminServer {
 public:
  virtual ~AdminServer() = default;  // stops

  virtual std::uint16_t port() const = 0;

  /// Ends the listener and its threads; answers that are being made are finished. Call while the loop still runs.
  virtual void stop() = 0;
};

/// Binds (port 0 picks one) and starts answering. `source` must outlive the server. Error io_error: the address is in use, or not
/// loopback.
mcp::Result<std::unique_ptr<AdminServer>> start_admin_server(const ListenAddress& address,
                                                             const std::string& token,
                                                             AdminSource& source);

}  // namespace gateway

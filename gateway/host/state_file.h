#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// What STATE/gateway.json says of the gateway that runs there (product.md): how the command line finds it.
struct RunningGateway {
  int pid = 0;
  std::string mcp_url;
  std::string local_url;  // the same for commands on this machine, which have `mcp_token`: plain HTTP on loopback
  std::string mcp_token;  // the gateway's own, of the MCP listener
  std::string admin_url;
  std::string token;   // of the admin listener
  std::string config;  // path of its configuration file
};

/// The gateway that runs on a state folder; nothing when none does (a file left behind by one that died counts as none: the lock
/// beside it tells; nor does one count that has not said yet where it listens). Error io_error where the files cannot be read.
mcp::Result<std::optional<RunningGateway>> find_running_gateway(const std::string& state_dir);

/// The right to be the one gateway of a state folder, for as long as the object lives: a lock on STATE/gateway.lock, of the open
/// file (F_OFD_SETLK), so that others can ask for it without taking it. The folder is made (0700) where it is missing; one that is
/// there keeps its mode.
class StateLock {
 public:
  /// Error config_invalid naming the pid of the gateway that has it. Removes what a gateway that died has left behind.
  static mcp::Result<std::unique_ptr<StateLock>> acquire(const std::string& state_dir);
  ~StateLock();  // removes gateway.json, unless the folder is another gateway's by now
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

  /// Writes STATE/gateway.json (0600, replaced atomically).
  mcp::Result<> publish(const RunningGateway& gateway);

 private:
  StateLock(std::string state_dir, int descriptor);

  std::string state_dir_;
  int descriptor_;
  bool published_ = false;
};

}  // namespace gateway

#pragma once

#include <string>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "gateway/doctor/check_configuration.h"
#include "gateway/doctor/check_gateway.h"
#include "gateway/doctor/check_login.h"
#include "mcp/base/result.h"

namespace gateway {

struct DoctorOptions {
  Environment variables;  // of this process
  std::string guardian;   // path of the switchyard-guardian program
  std::string state_dir;
  ConfigurationPlace place;
  FindLogin login;       // may be empty: none is known
  GatewayFacts gateway;  // its `servers` are those to look at
  bool offline = false;  // no server is asked anything
};

/// Looks over the installation, the state folder, the configuration, the gateway that runs and every server that is switched on,
/// and changes nothing; starts no server. Waits, some ten seconds at most; a loop of its own runs in the calling thread meanwhile.
/// Error config_invalid: a server that was asked for is not there.
mcp::Result<Checks> examine(const DoctorOptions& options);

}  // namespace gateway

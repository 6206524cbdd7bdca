#pragma once

#include <string>

#include "gateway/config/config.h"
#include "gateway/doctor/check.h"

namespace gateway {

/// Whether a gateway that starts now could listen where the configuration says. For when none runs.
Checks check_ports(const Config& config);

/// The program that listens at an address of this machine, or at all of them, "node (pid 123)"; "" where that cannot be told:
/// another user's.
std::string listener_on(const ListenAddress& address);

}  // namespace gateway

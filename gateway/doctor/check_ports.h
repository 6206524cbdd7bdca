#pragma once

#include <string>

#include "gateway/config/config.h"
#include "gateway/doctor/check.h"

namespace gateway {

/// Whether a gateway that starts now could listen where the configuration says. For when none runs.
Checks check_ports(const Config& config);

/// The program that listens on a port of this machine, "node (pid 123)"; "" where that cannot be told: another user's.
std::string listener_on(std::uint16_t port);

}  // namespace gateway

#pragma once

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"

namespace gateway {

/// Whether what "access" names can be had and is sound: tokens that are hard to guess, files that others cannot read, a certificate
/// that goes with its key and lasts. Nothing where the configuration has none of it. Reads the files; says no token.
Checks check_access(const Config& config, const Environment& environment);

}  // namespace gateway

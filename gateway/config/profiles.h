#pragma once

#include "gateway/config/config.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// Reads "profiles" into `config`, whose servers and max_name_length are there already. A server that is not in the file is a
/// tolerated error.
void read_profiles(const JsonMember& profiles, Config& config, Findings& findings);

}  // namespace gateway

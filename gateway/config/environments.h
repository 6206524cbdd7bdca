#pragma once

#include "gateway/config/config.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// Why an environment cannot have that name, or "".
std::string environment_name_problem(std::string_view name);

/// Reads the top-level key "environments" into the configuration.
void read_environments(const JsonMember& member, Config& config, Findings& findings);

}  // namespace gateway

#pragma once

#include <array>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// What an environment can say. A key that is not listed here is refused before it is read.
inline constexpr auto kEnvironmentKeys =
    std::to_array<std::string_view>({"available", "path", "probe", "interval", "probeTimeout"});

/// Why an environment cannot have that name, or "".
std::string environment_name_problem(std::string_view name);

/// Reads the top-level key "environments" into the configuration.
void read_environments(const JsonMember& member, Config& config, Findings& findings);

}  // namespace gateway

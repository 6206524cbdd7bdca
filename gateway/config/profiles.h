#pragma once

#include <array>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// What a profile can say. A key that is not listed here is refused before it is read.
inline constexpr auto kProfileKeys = std::to_array<std::string_view>({"servers", "maxNameLength"});

/// Reads "profiles" into `config`, whose servers and max_name_length are there already. A server that is not in the file is a
/// tolerated error.
void read_profiles(const JsonMember& profiles, Config& config, Findings& findings);

}  // namespace gateway

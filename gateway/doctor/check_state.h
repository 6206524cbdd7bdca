#pragma once

#include <cstdint>
#include <string>

#include "gateway/doctor/check.h"

namespace gateway {

/// The state folder and what lies in it: whose it is, who may read it, what of it cannot be used. Looks at the file system, and at
/// the processes of this machine.
Checks check_state(const std::string& state_dir);

/// Whether there is room for what is kept there.
Check check_room(const std::string& state_dir, std::uint64_t free_bytes);

/// 0640 as people write it.
std::string mode_text(unsigned mode);

}  // namespace gateway

#pragma once

#include <string>

#include "gateway/cli/console.h"
#include "gateway/doctor/check.h"

namespace gateway {

/// What a doctor found, group by group, each with what mends it; and how much of it is amiss.
std::string doctor_text(const Checks& checks, const Console& console);

}  // namespace gateway

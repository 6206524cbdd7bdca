#pragma once

#include <string>

#include "oauth/credential.h"

namespace oauth {

/// "2026-11-25 09:15:07 UTC".
std::string utc_text(WallTime time);

}  // namespace oauth

#pragma once

#include <string>

#include "gateway/config/config_file.h"

namespace gateway {

/// Has the user's browser open an http or https address: the first that can be started of the commands that $BROWSER names (with
/// colons between; the address stands where one says %s, else at its end), else xdg-open where there is a display (or open, on a
/// Mac). Nothing goes through a shell. False where there is none to be asked, or none can be started.
bool open_browser(const std::string& url, const Environment& environment);

}  // namespace gateway

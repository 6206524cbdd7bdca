#pragma once

#include <string>

#include "gateway/config/config_file.h"

namespace gateway {

/// Has the user's browser open an http or https address: the program that $BROWSER names, else xdg-open where there is a display
/// (or open, on a Mac). Nothing goes through a shell. False where there is none to be asked, or it cannot be started.
bool open_browser(const std::string& url, const Environment& environment);

}  // namespace gateway

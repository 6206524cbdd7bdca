#pragma once

#include <string>
#include <vector>

#include "gateway/config/config.h"

namespace gateway {

/// What must not show of a server, each once, the longest first: values of its environment and arguments whose names usually hold
/// secrets or that have the shape of one, all its headers but harmless ones, its URL's query, passwords inside URLs, what in their
/// paths has the shape of a secret, and ServerSpec::secrets. Nothing with less than six characters: taking that out would mangle
/// ordinary words.
std::vector<std::string> secrets_of(const ServerSpec& spec);

}  // namespace gateway

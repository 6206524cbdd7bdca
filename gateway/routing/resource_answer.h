#pragma once

#include <string>
#include <string_view>

#include "gateway/config/config.h"

namespace gateway {

/// The answer's result (JSON text) has something in its `contents`.
bool has_contents(std::string_view result);

/// The result of a read that was asked for under a qualified URI: the URI of each of its contents as the client would have to ask
/// for it, `asked` where the server said `own`, else the qualified form of what it said.
std::string with_qualified_contents(std::string_view result,
                                    const ServerName& server,
                                    std::string_view own,
                                    std::string_view asked);

}  // namespace gateway

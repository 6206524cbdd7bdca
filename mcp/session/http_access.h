#pragma once

#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace mcp {

/// May a request with these headers come in? Guards a listener on loopback against web pages that make a browser talk to it
/// (DNS rebinding; MCP 2025-11-25, "Transports", security warning). `host` must name loopback or one of `allowed_hosts` (lower
/// case, without port and brackets); a present `origin` must be that of a loopback host or one of `allowed_origins` (lower case, as
/// browsers send it). Upper and lower case in the request count for nothing.
Result<> check_access(std::string_view host,
                      std::string_view origin,
                      const std::vector<std::string>& allowed_hosts,
                      const std::vector<std::string>& allowed_origins);

/// The part of check_access() that asks whether the page a browser shows may talk to us: for requests that carry what a page whose
/// name leads here cannot have.
Result<> check_origin(std::string_view origin, const std::vector<std::string>& allowed_origins);

/// Which of the two forms of an answer a client takes: application/json, text/event-stream.
struct AcceptedTypes {
  bool json = false;
  bool stream = false;
};

/// What an Accept header admits. An absent one admits everything.
AcceptedTypes accepted_types(std::string_view accept);

/// Is a Content-Type this media type, whatever its parameters?
bool is_media_type(std::string_view content_type, std::string_view type);

}  // namespace mcp

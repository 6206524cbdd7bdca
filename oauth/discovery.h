#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/http/url.h"
#include "oauth/challenge.h"
#include "oauth/http.h"
#include "oauth/metadata.h"
#include "oauth/settings.h"

namespace oauth {

/// What is known of the way to a login at a server.
struct Discovery {
  std::string resource;              // to be sent as `resource`, byte by byte
  std::optional<Scopes> scopes;      // scopes_supported of the resource's metadata
  std::string resource_metadata;     // where that was found; "" = the server has none
  std::vector<std::string> issuers;  // of its authorization servers, as that names them
  ServerMetadata server;             // of the one to log in at
};

/// Finds out where to log in (MCP 2025-11-25, "Authorization Server Discovery"): the metadata that the challenge names, else that
/// at the server's well-known places; the configured authorization server, else the first that the server names and that publishes
/// what it has to; that one's metadata. A server that names none is taken for one of MCP 2025-03-26: its own origin is the
/// authorization server, with metadata at its root, or the default endpoints.
///
/// Errors say which document, what is wrong with it, and what to do: those of fetch_document() and metadata.h, invalid_request also
/// for a document of somebody else (another resource, another issuer).
mcp::Task<mcp::Result<Discovery>> discover(Http& http,
                                           const ServerSettings& settings,
                                           const std::optional<BearerChallenge>& challenge,
                                           mcp::Cancellation& cancellation);

/// The first half of it: all but `server`. The arguments must outlive the task.
mcp::Task<mcp::Result<Discovery>> discover_resource(Http& http,
                                                    const std::string& server_url,
                                                    const std::optional<BearerChallenge>& challenge,
                                                    mcp::Cancellation& cancellation);

/// The second half: fills in `server`.
mcp::Task<mcp::Result<>> discover_server(Http& http,
                                         const ServerSettings& settings,
                                         Discovery& discovery,
                                         mcp::Cancellation& cancellation);

/// The metadata of an authorization server that names itself so. Errors as above.
mcp::Task<mcp::Result<ServerMetadata>> discover_issuer(Http& http, std::string issuer, mcp::Cancellation& cancellation);

/// Where a server's metadata can be, in order (RFC 9728, 3.1; MCP): its path inserted, then the root.
std::vector<std::string> resource_metadata_urls(const mcp::Url& server);

/// Where an authorization server's metadata can be, in order (RFC 8414, 3.1; OpenID Connect Discovery, 4): three for an issuer with
/// a path, else two.
std::vector<std::string> server_metadata_urls(const mcp::Url& issuer);

/// Whether metadata of this resource speaks for the server: the resource is on the server's origin, and its path is the server's,
/// or a parent of it. A query in the resource has to be the server's own.
bool resource_covers(std::string_view resource, const mcp::Url& server);

}  // namespace oauth

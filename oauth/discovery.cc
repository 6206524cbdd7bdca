#include "oauth/discovery.h"

#include <algorithm>
#include <utility>

#include "oauth/document.h"

namespace oauth {
namespace {

using mcp::ErrorCode;

constexpr std::string_view kResourcePath = "/.well-known/oauth-protected-resource";
constexpr std::string_view kServerPath = "/.well-known/oauth-authorization-server";
constexpr std::string_view kOpenIdPath = "/.well-known/openid-configuration";

constexpr std::size_t kMostIssuers = 4;  // of those that a server names

std::string_view without_slash(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

/// "" where it has none.
std::string_view query_of(const mcp::Url& url) {
  return std::string_view(url.target).substr(url.path().size());
}

mcp::Error wrong(const std::string& document, const std::string& problem, std::string remedy = {}) {
  if (remedy.empty()) remedy = "Whoever runs the server has to correct that.";
  return {ErrorCode::invalid_request, document + ": " + problem, std::move(remedy), {}};
}

/// A resource metadata document that is there, read and compared with the server.
mcp::Result<ResourceMetadata> accept_resource(const Document& document, const mcp::Url& server) {
  auto metadata = parse_resource_metadata(shown_url(document.url), document.text);
  if (!metadata || resource_covers(metadata->resource, server)) return metadata;
  return std::unexpected(
      wrong("the resource metadata " + metadata->url,
            "it speaks for " + shown_url(metadata->resource) + ", not for " + server.origin() + std::string(server.path()) + ".",
            "Use the URL of the server that the metadata names, or tell whoever runs it."));
}

/// The resource metadata at the server's well-known places; {} where there is none.
mcp::Task<mcp::Result<std::optional<ResourceMetadata>>> find_resource(Http& http,
                                                                      const mcp::Url& server,
                                                                      mcp::Cancellation& cancellation) {
  std::vector<std::string> urls = resource_metadata_urls(server);
  std::optional<mcp::Error> first;  // of documents that are there and of no use
  for (std::string& url : urls) {
    auto document = co_await fetch_document(http, std::move(url), cancellation);
    if (!document) co_return std::unexpected(std::move(document.error()));
    if (!document->there || !document->json) continue;
    auto metadata = accept_resource(*document, server);
    if (metadata) co_return std::move(*metadata);
    if (!first) first = std::move(metadata.error());
  }
  if (first) co_return std::unexpected(std::move(*first));
  co_return std::nullopt;
}

/// The resource metadata that the challenge names. Where nothing is there, the server's own well-known places are as good.
mcp::Task<mcp::Result<std::optional<ResourceMetadata>>> named_resource(Http& http,
                                                                       std::string url,
                                                                       const mcp::Url& server,
                                                                       mcp::Cancellation& cancellation) {
  if (auto checked = mcp::Url::parse(url); !checked) {
    co_return std::unexpected(wrong("the server's WWW-Authenticate header",
                                    "its resource_metadata is no URL that can be used: " + checked.error().message));
  }
  const std::string shown = shown_url(url);
  auto document = co_await fetch_document(http, std::move(url), cancellation);
  if (!document) co_return std::unexpected(std::move(document.error()));
  if (document->there) {
    auto metadata = accept_resource(*document, server);
    if (!metadata) co_return std::unexpected(std::move(metadata.error()));
    co_return std::move(*metadata);
  }
  const int status = document->status;
  auto found = co_await find_resource(http, server, cancellation);
  if (found && !*found) {
    co_return std::unexpected(wrong("the resource metadata " + shown,
                                    "the server names it, but it is not there (HTTP status " + std::to_string(status) + ")."));
  }
  co_return found;
}

/// Tries all places. What is there and not this issuer's is not used; it is the Error where nothing better is found.
/// Without that, {} where there is nothing.
mcp::Task<mcp::Result<std::optional<ServerMetadata>>> find_server(Http& http,
                                                                  std::vector<std::string> issuers,
                                                                  std::vector<std::string> urls,
                                                                  mcp::Cancellation& cancellation) {
  std::optional<mcp::Error> refused;
  for (std::string& url : urls) {
    auto document = co_await fetch_document(http, std::move(url), cancellation);
    if (!document) co_return std::unexpected(std::move(document.error()));
    if (!document->there || !document->json) continue;
    auto metadata = parse_server_metadata(shown_url(document->url), document->text);
    if (!metadata) {
      if (!refused) refused = std::move(metadata.error());
      continue;
    }
    for (const std::string& issuer : issuers) {
      if (metadata->issuer == issuer) co_return std::move(*metadata);
    }
    if (refused) continue;
    refused = wrong("the authorization server metadata " + metadata->url,
                    "its issuer is " + shown_url(metadata->issuer) + ", and not " + shown_url(issuers.front()) +
                        " as it has to be there: it is not used.");
  }
  if (refused) co_return std::unexpected(std::move(*refused));
  co_return std::nullopt;
}

/// MCP 2025-03-26: the authorization server is the server's origin.
mcp::Task<mcp::Result<ServerMetadata>> discover_origin(Http& http, const mcp::Url& server, mcp::Cancellation& cancellation) {
  const std::string origin = server.origin();
  if (auto checked = check_secure_url(origin, "the server " + origin); !checked) {
    co_return mcp::fail(ErrorCode::invalid_request,
                        origin + " publishes no authorization server, and is not https: no login is sent there.",
                        "Use https, or let the server publish its protected resource metadata.");
  }
  const auto root = mcp::Url::parse(origin);
  if (!root) co_return std::unexpected(root.error());
  // The server names no issuer: both spellings of its origin lead to the same documents.
  std::vector<std::string> issuers = {origin, origin + "/"};
  std::vector<std::string> urls = server_metadata_urls(*root);
  auto found = co_await find_server(http, std::move(issuers), std::move(urls), cancellation);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (*found) co_return std::move(**found);
  co_return default_metadata(origin);
}

/// The first that there is something to be had from. One that cannot be reached just now is no reason to log in elsewhere.
mcp::Task<mcp::Result<ServerMetadata>> discover_listed(Http& http,
                                                       const std::vector<std::string>& issuers,
                                                       mcp::Cancellation& cancellation) {
  std::optional<mcp::Error> first;
  for (std::size_t i = 0; i < std::min(issuers.size(), kMostIssuers); ++i) {
    std::string issuer = issuers[i];
    auto metadata = co_await discover_issuer(http, std::move(issuer), cancellation);
    if (metadata) co_return std::move(*metadata);
    const bool passing = metadata.error().code == ErrorCode::authorization_unavailable || cancellation.requested();
    if (!first) first = std::move(metadata.error());
    if (passing) break;
  }
  co_return std::unexpected(std::move(*first));
}

}  // namespace

std::vector<std::string> resource_metadata_urls(const mcp::Url& server) {
  const std::string root = server.origin() + std::string(kResourcePath);
  const std::string_view path = without_slash(server.path());
  if (path.empty()) return {root};
  return {root + std::string(path) + std::string(query_of(server)), root};
}

std::vector<std::string> server_metadata_urls(const mcp::Url& issuer) {
  const std::string origin = issuer.origin();
  const std::string path(without_slash(issuer.path()));
  std::vector<std::string> urls = {origin + std::string(kServerPath) + path, origin + std::string(kOpenIdPath) + path};
  if (!path.empty()) urls.push_back(origin + path + std::string(kOpenIdPath));
  return urls;
}

bool resource_covers(std::string_view resource, const mcp::Url& server) {
  const auto url = mcp::Url::parse(resource);
  if (!url || resource.contains('#') || url->origin() != server.origin()) return false;
  if (!query_of(*url).empty() && query_of(*url) != query_of(server)) return false;
  const std::string_view parent = without_slash(url->path());
  const std::string_view path = without_slash(server.path());
  if (!path.starts_with(parent)) return false;
  return path.size() == parent.size() || path[parent.size()] == '/';
}

mcp::Task<mcp::Result<ServerMetadata>> discover_issuer(Http& http, std::string issuer, mcp::Cancellation& cancellation) {
  const std::string named = "the authorization server " + shown_url(issuer);
  if (auto checked = check_secure_url(issuer, named); !checked) co_return std::unexpected(std::move(checked.error()));
  if (issuer.contains('?')) co_return std::unexpected(wrong(named, "an issuer has no query."));
  const auto url = mcp::Url::parse(issuer);
  if (!url) co_return std::unexpected(url.error());
  std::vector<std::string> issuers = {issuer};
  std::vector<std::string> urls = server_metadata_urls(*url);
  auto found = co_await find_server(http, std::move(issuers), std::move(urls), cancellation);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (*found) co_return std::move(**found);
  co_return std::unexpected(wrong(named, "it publishes no metadata, neither as OAuth 2.0 nor as OpenID Connect has it."));
}

mcp::Task<mcp::Result<Discovery>> discover_resource(Http& http,
                                                    const std::string& server_url,
                                                    const std::optional<BearerChallenge>& challenge,
                                                    mcp::Cancellation& cancellation) {
  const auto server = mcp::Url::parse(server_url);
  if (!server) co_return std::unexpected(server.error());
  mcp::Result<std::optional<ResourceMetadata>> metadata = std::nullopt;
  if (challenge && !challenge->resource_metadata.empty()) {
    std::string url = challenge->resource_metadata;
    metadata = co_await named_resource(http, std::move(url), *server, cancellation);
  } else {
    metadata = co_await find_resource(http, *server, cancellation);
  }
  if (!metadata) co_return std::unexpected(std::move(metadata.error()));
  Discovery found;
  found.resource = server_url.substr(0, server_url.find('#'));
  if (*metadata) {
    found.resource = (*metadata)->resource;
    found.scopes = (*metadata)->scopes_supported;
    found.resource_metadata = (*metadata)->url;
    found.issuers = (*metadata)->authorization_servers;
  }
  co_return found;
}

mcp::Task<mcp::Result<>> discover_server(Http& http,
                                         const ServerSettings& settings,
                                         Discovery& discovery,
                                         mcp::Cancellation& cancellation) {
  mcp::Result<ServerMetadata> metadata;
  if (!settings.authorization_server.empty()) {
    std::string issuer = settings.authorization_server;
    metadata = co_await discover_issuer(http, std::move(issuer), cancellation);
  } else if (!discovery.issuers.empty()) {
    metadata = co_await discover_listed(http, discovery.issuers, cancellation);
  } else {
    const auto server = mcp::Url::parse(settings.server_url);
    if (!server) co_return std::unexpected(server.error());
    metadata = co_await discover_origin(http, *server, cancellation);
  }
  if (!metadata) co_return std::unexpected(std::move(metadata.error()));
  discovery.server = std::move(*metadata);
  co_return mcp::Result<>();
}

mcp::Task<mcp::Result<Discovery>> discover(Http& http,
                                           const ServerSettings& settings,
                                           const std::optional<BearerChallenge>& challenge,
                                           mcp::Cancellation& cancellation) {
  auto found = co_await discover_resource(http, settings.server_url, challenge, cancellation);
  if (!found) co_return found;
  auto server = co_await discover_server(http, settings, *found, cancellation);
  if (!server) co_return std::unexpected(std::move(server.error()));
  co_return found;
}

}  // namespace oauth

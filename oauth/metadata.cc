#include "oauth/metadata.h"

#include <algorithm>

#include "mcp/http/url.h"
#include "oauth/json_object.h"

namespace oauth {
namespace {

constexpr std::string_view kAskOperator = "Whoever runs the server has to correct that.";

void require(JsonObject& document, const std::string& value, const char* member) {
  if (value.empty()) document.refuse(std::string(member) + " is missing.");
}

/// An endpoint may be absent.
std::string endpoint(JsonObject& document, const char* member) {
  std::string url = document.text(member);
  if (url.empty()) return url;
  if (const auto checked = check_secure_url(url, member); !checked) document.refuse(checked.error().message);
  return url;
}

std::unexpected<mcp::Error> refusal(const JsonObject& document) {
  mcp::Error error = document.error().value_or(mcp::Error{});
  if (error.remedy.empty()) error.remedy = kAskOperator;
  return std::unexpected(std::move(error));
}

mcp::Result<JsonObject> parse(std::string_view what, std::string_view url, std::string_view text) {
  auto document = JsonObject::parse(std::string(what) + " " + std::string(url), text);
  if (!document) document.error().remedy = kAskOperator;
  return document;
}

}  // namespace

mcp::Result<> check_secure_url(std::string_view text, const std::string& what) {
  const auto bad = [&](std::string_view why) {
    return mcp::fail(mcp::ErrorCode::invalid_request, what + " " + std::string(why), std::string(kAskOperator));
  };
  const auto url = mcp::Url::parse(text);
  if (!url) return bad("is no URL that can be used: " + url.error().message);
  if (text.contains('#')) return bad("has a fragment.");
  if (!url->tls() && !mcp::is_loopback_host(url->host)) return bad("is not https.");
  return {};
}

mcp::Result<ResourceMetadata> parse_resource_metadata(std::string_view url, std::string_view text) {
  auto document = parse("the resource metadata", url, text);
  if (!document) return std::unexpected(std::move(document.error()));
  ResourceMetadata metadata;
  metadata.url = url;
  metadata.resource = document->text("resource");
  require(*document, metadata.resource, "resource");
  metadata.authorization_servers = document->texts("authorization_servers").value_or(std::vector<std::string>());
  if (auto scopes = document->texts("scopes_supported")) metadata.scopes_supported = tidy_scopes(*scopes);
  if (document->error()) return refusal(*document);
  return metadata;
}

mcp::Result<ServerMetadata> parse_server_metadata(std::string_view url, std::string_view text) {
  auto document = parse("the authorization server metadata", url, text);
  if (!document) return std::unexpected(std::move(document.error()));
  ServerMetadata metadata;
  metadata.url = url;
  metadata.issuer = document->text("issuer");
  metadata.authorization_endpoint = endpoint(*document, "authorization_endpoint");
  metadata.token_endpoint = endpoint(*document, "token_endpoint");
  metadata.registration_endpoint = endpoint(*document, "registration_endpoint");
  metadata.revocation_endpoint = endpoint(*document, "revocation_endpoint");
  metadata.device_authorization_endpoint = endpoint(*document, "device_authorization_endpoint");
  metadata.scopes_supported = tidy_scopes(document->texts("scopes_supported").value_or(Scopes()));
  metadata.grant_types = document->texts("grant_types_supported");
  metadata.token_authentication = document->texts("token_endpoint_auth_methods_supported");
  metadata.code_challenge_methods = document->texts("code_challenge_methods_supported").value_or(std::vector<std::string>());
  metadata.iss_parameter = document->truth("authorization_response_iss_parameter_supported");
  metadata.client_metadata_document = document->truth("client_id_metadata_document_supported");
  require(*document, metadata.issuer, "issuer");
  require(*document, metadata.token_endpoint, "token_endpoint");
  if (document->error()) return refusal(*document);
  return metadata;
}

ServerMetadata default_metadata(std::string_view origin) {
  ServerMetadata metadata;
  metadata.issuer = origin;
  metadata.authorization_endpoint = std::string(origin) + "/authorize";
  metadata.token_endpoint = std::string(origin) + "/token";
  metadata.registration_endpoint = std::string(origin) + "/register";
  return metadata;
}

mcp::Result<> check_pkce(const ServerMetadata& server) {
  if (server.url.empty() || std::ranges::find(server.code_challenge_methods, "S256") != server.code_challenge_methods.end())
    return {};
  return mcp::fail(mcp::ErrorCode::invalid_request,
                   "the authorization server metadata " + server.url +
                       " does not list S256 in code_challenge_methods_supported: a login there would not be protected by PKCE.",
                   std::string(kAskOperator));
}

}  // namespace oauth

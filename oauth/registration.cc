#include "oauth/registration.h"

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "oauth/client_authentication.h"
#include "oauth/document.h"
#include "oauth/json_object.h"
#include "oauth/loopback_callback.h"
#include "oauth/shown_text.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using nlohmann::json;

constexpr auto kTime = std::chrono::seconds(30);
constexpr auto kLoginTime = std::chrono::minutes(6);
constexpr std::size_t kMaxId = 2048;
constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view kByHand =
    "Register a client there by hand, and put its id into \"oauth\": {\"clientId\": …} of the server.";
constexpr std::string_view kNothingPublished =
    "The server publishes nothing of how to log in: it may want a token or a key in \"headers\" instead.";

bool lists(const std::optional<std::vector<std::string>>& list, std::string_view word) {
  return list && std::ranges::find(*list, word) != list->end();
}

ClientAuthentication authentication_by_secret(const ServerMetadata& server) {
  const auto& known = server.token_authentication;
  const bool post = lists(known, "client_secret_post") && !lists(known, "client_secret_basic");
  return post ? ClientAuthentication::post : ClientAuthentication::basic;
}

bool needs_secret(ClientAuthentication method) {
  return method == ClientAuthentication::basic || method == ClientAuthentication::post;
}

mcp::Result<ClientAuthentication> configured_authentication(const ServerSettings& settings, const ServerMetadata& server) {
  if (!settings.client_authentication) {
    if (!settings.private_key.empty()) return ClientAuthentication::private_key_jwt;
    return settings.client_secret.empty() ? ClientAuthentication::none : authentication_by_secret(server);
  }
  const ClientAuthentication method = *settings.client_authentication;
  const bool no_secret = needs_secret(method) && settings.client_secret.empty();
  if (no_secret || (method == ClientAuthentication::private_key_jwt && settings.private_key.empty())) {
    return mcp::fail(ErrorCode::config_invalid,
                     "the client " + settings.client_id + " is to authenticate by " + std::string(to_string(method)) +
                         ", but there is no " + (no_secret ? "secret" : "private key") + " to do it with.",
                     "Set it in the server's \"oauth\".");
  }
  return method;
}

/// A client may well be used for the device flow later.
bool offers_device(const ServerMetadata& server) {
  return !server.device_authorization_endpoint.empty() && lists(server.grant_types, kDeviceGrant);
}

json grants(const ServerMetadata& server, bool device) {
  json all = json::array({"authorization_code"});
  if (!server.grant_types || lists(server.grant_types, "refresh_token")) all.push_back("refresh_token");
  if (device) all.push_back(kDeviceGrant);
  return all;
}

/// `whole`: with what can be done without.
std::string registration_text(const ServerMetadata& server, const Registration& registration, bool whole) {
  // Native clients come back to loopback (OpenID Connect Registration, 2).
  const bool native = LoopbackCallback::parse(registration.redirect_uri).has_value();
  json text = {{"client_name", "Switchyard"},
               {"application_type", native ? "native" : "web"},
               {"redirect_uris", json::array({registration.redirect_uri})},
               {"grant_types", grants(server, registration.device || (whole && offers_device(server)))},
               {"response_types", json::array({"code"})},
               {"token_endpoint_auth_method", to_string(authentication_to_ask(server))}};
  if (whole && !registration.scopes.empty()) text["scope"] = join_scopes(registration.scopes);
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Whether it is something of the text that is wrong, and not that we ask.
bool dislikes_metadata(const HttpAnswer& answer) {
  if (answer.status != 400) return false;
  auto body = JsonObject::parse("the answer", answer.body);
  const std::string code = body ? body->text("error") : "";
  return code == "invalid_client_metadata" || code == "invalid_scope";
}

mcp::Error refused(const ServerMetadata& server, const HttpAnswer& answer) {
  const std::string& endpoint = server.registration_endpoint;
  const bool passing = answer.status >= 500 || answer.status == 429 || answer.status == 408;
  std::string message = shown_url(endpoint) + " registers no client: ";
  auto body = JsonObject::parse("the answer", answer.body);
  std::string code = body ? body->text("error") : "";
  const std::string description = body ? body->text("error_description") : "";
  if (code.empty()) {
    message += "HTTP status " + std::to_string(answer.status);
  } else {
    message += shown_text(code, {});
    if (!description.empty()) message += " (" + shown_text(description, {}) + ")";
  }
  if (passing) return {ErrorCode::authorization_unavailable, message + ".", "Try again in a moment.", {}};
  const bool published = !server.url.empty();
  return {ErrorCode::credential_refused, message + ".", std::string(published ? kByHand : kNothingPublished), {}};
}

/// How the client that was registered is to authenticate, where the answer does not say.
ClientAuthentication unsaid_authentication(const ServerMetadata& server, const Client& client) {
  const ClientAuthentication asked = authentication_to_ask(server);
  if (client.secret.empty()) return ClientAuthentication::none;
  // A secret that nobody asked for is meant to be used, unless the metadata knows clients without.
  const bool unexpected = asked == ClientAuthentication::none && !lists(server.token_authentication, "none");
  return unexpected ? authentication_by_secret(server) : asked;
}

mcp::Result<Client> read_registration(const std::string& endpoint, const HttpAnswer& answer, const ServerMetadata& server) {
  const std::string name = "the registration at " + shown_url(endpoint);
  auto body = JsonObject::parse(name, answer.body);
  if (!body) return std::unexpected(std::move(body.error()));
  Client client;
  client.source = ClientSource::dynamic;
  client.id = body->text("client_id");
  client.secret = body->text("client_secret");
  const std::string method = body->text("token_endpoint_auth_method");
  if (client.id.empty() || client.id.size() > kMaxId) body->refuse("client_id is missing or too long.");
  client.authentication = unsaid_authentication(server, client);
  if (!method.empty()) {
    const auto known = parse_client_authentication(method);
    if (!known || *known == ClientAuthentication::private_key_jwt) {
      body->refuse("the client is to authenticate by " + shown_text(method, {}) + ", which was not asked for.");
    } else if (needs_secret(*known) && client.secret.empty()) {
      body->refuse("client_secret is missing.");
    } else {
      client.authentication = *known;
    }
  }
  const long long expires = body->number("client_secret_expires_at").value_or(0);
  constexpr long long kBeyondDoubt = 100'000'000'000;  // about the year 5138
  if (!client.secret.empty() && expires > 0 && expires < kBeyondDoubt)
    client.secret_expires = WallTime(std::chrono::seconds(expires));
  if (client.authentication == ClientAuthentication::none) {
    client.secret.clear();
    client.secret_expires.reset();
  }
  if (body->error()) {
    mcp::Error error = *body->error();
    error.remedy = kByHand;
    return std::unexpected(std::move(error));
  }
  return client;
}

}  // namespace

ClientAuthentication authentication_to_ask(const ServerMetadata& server) {
  const auto& known = server.token_authentication;
  if (!known || lists(known, "none")) return ClientAuthentication::none;
  if (lists(known, "client_secret_basic")) return ClientAuthentication::basic;
  return lists(known, "client_secret_post") ? ClientAuthentication::post : ClientAuthentication::none;
}

mcp::Result<std::optional<Client>> configured_client(const ServerSettings& settings, const ServerMetadata& server) {
  if (settings.client_id.empty()) return std::nullopt;
  const auto method = configured_authentication(settings, server);
  if (!method) return std::unexpected(method.error());
  Client client;
  client.source = ClientSource::configured;
  client.id = settings.client_id;
  if (needs_secret(*method)) client.secret = settings.client_secret;
  client.authentication = *method;
  return client;
}

mcp::Result<std::optional<Client>> document_client(const ServerSettings& settings, const ServerMetadata& server) {
  if (settings.client_metadata_url.empty() || !server.client_metadata_document) return std::nullopt;
  const auto url = mcp::Url::parse(settings.client_metadata_url);
  auto checked = check_secure_url(settings.client_metadata_url, "the URL of the client metadata document");
  if (checked && (url->path() == "/" || !url->tls()))
    checked = mcp::fail(ErrorCode::config_invalid, "the URL of the client metadata document is not https, or has no path.");
  if (!checked) return mcp::fail(ErrorCode::config_invalid, checked.error().message, "Correct it in the configuration.");
  Client client;
  client.source = ClientSource::metadata_document;
  client.id = settings.client_metadata_url;
  return client;
}

std::string client_metadata_document(std::string_view url, const std::vector<std::string>& callbacks) {
  json redirects = json::array({"http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"});
  for (const std::string& callback : callbacks)
    redirects.push_back(callback);
  const json text = {{"client_id", url},
                     {"client_name", "Switchyard"},
                     {"application_type", "native"},
                     {"redirect_uris", std::move(redirects)},
                     {"grant_types", json::array({"authorization_code", "refresh_token", kDeviceGrant})},
                     {"response_types", json::array({"code"})},
                     {"token_endpoint_auth_method", "none"}};
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

mcp::Task<mcp::Result<Client>> register_client(Http& http,
                                               const ServerMetadata& server,
                                               Registration registration,
                                               mcp::Cancellation& cancellation) {
  if (server.registration_endpoint.empty()) {
    co_return mcp::fail(ErrorCode::credential_refused,
                        "the authorization server " + shown_url(server.issuer) + " registers no clients by itself.",
                        std::string(kByHand));
  }
  HttpRequest request;
  request.method = "POST";
  request.url = server.registration_endpoint;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = registration_text(server, registration, true);
  HttpRequest less = request;
  less.body = registration_text(server, registration, false);
  const bool can_do_with_less = less.body != request.body;
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error slow{ErrorCode::timeout, shown_url(server.registration_endpoint) + " did not answer within 30 s.", {}, {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kTime, std::move(slow));
  auto answer = co_await http.send(std::move(request), limit.get());
  // It may not know the scopes that the server says it wants; the login itself will show what it grants.
  if (answer && can_do_with_less && dislikes_metadata(*answer)) answer = co_await http.send(std::move(less), limit.get());
  if (!answer) {
    mcp::Error error = std::move(answer.error());
    if (!cancellation.requested() && error.code != ErrorCode::config_invalid) error.code = ErrorCode::authorization_unavailable;
    co_return std::unexpected(std::move(error));
  }
  if (answer->status != 200 && answer->status != 201) co_return std::unexpected(refused(server, *answer));
  auto client = read_registration(server.registration_endpoint, *answer, server);
  if (client) {
    client->redirect_uri = std::move(registration.redirect_uri);
    client->scopes = std::move(registration.scopes);
  }
  co_return client;
}

bool secret_is_over(const Client& client, WallTime now) {
  return client.secret_expires && *client.secret_expires <= now + kLoginTime;
}

}  // namespace oauth

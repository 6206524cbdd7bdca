#include "oauth/discovering_registrar.h"

#include <algorithm>
#include <utility>

#include "oauth/discovery.h"
#include "oauth/registration.h"
#include "oauth/scopes.h"

namespace oauth {
namespace {

class DiscoveringRegistrar final : public Registrar {
 public:
  DiscoveringRegistrar(std::shared_ptr<Http> http, std::function<ServerSettings()> settings)
      : http_(std::move(http)), settings_(std::move(settings)) {}

  mcp::Task<mcp::Result<std::string>> issuer_now(const Credential& credential, mcp::Cancellation& cancellation) override {
    const ServerSettings settings = settings_for(credential);
    if (!settings.authorization_server.empty()) co_return settings.authorization_server;
    const std::optional<BearerChallenge> none;
    auto found = co_await discover_resource(*http_, settings.server_url, none, cancellation);
    if (!found) co_return std::unexpected(std::move(found.error()));
    // One that is named among others has not been left.
    if (std::ranges::find(found->issuers, credential.key.issuer) != found->issuers.end()) co_return credential.key.issuer;
    if (!found->issuers.empty()) co_return std::move(found->issuers.front());
    // What is missing names nobody: it may be a page of something in between.
    co_return credential.key.issuer;
  }

  mcp::Task<mcp::Result<Client>> register_again(const Credential& credential,
                                                std::string issuer,
                                                mcp::Cancellation& cancellation) override {
    ServerSettings settings = settings_for(credential);
    Discovery discovery;
    // A server of MCP 2025-03-26 is its own issuer, and need not publish that.
    const auto server = mcp::Url::parse(settings.server_url);
    const bool itself = server && (issuer == server->origin() || issuer == server->origin() + "/");
    settings.authorization_server = itself ? "" : issuer;
    const auto found = co_await discover_server(*http_, settings, discovery, cancellation);
    if (!found) co_return std::unexpected(found.error());
    auto own = configured_client(settings, discovery.server);
    if (own && !*own) own = document_client(settings, discovery.server);
    if (!own) co_return std::unexpected(std::move(own).error());
    if (*own) co_return mcp::fail(mcp::ErrorCode::config_invalid, "the client " + (*own)->id + " is not registered by itself.");
    Registration registration;
    registration.redirect_uri = credential.client.redirect_uri;
    if (registration.redirect_uri.empty()) registration.redirect_uri = kLoopbackRedirect;
    registration.scopes = unite_scopes(credential.client.scopes, credential.asked);
    co_return co_await register_client(*http_, discovery.server, std::move(registration), cancellation);
  }

 private:
  /// The login may be of another time than the settings, but it is this server's.
  ServerSettings settings_for(const Credential& credential) const {
    ServerSettings settings = settings_();
    if (settings.server_url.empty()) settings.server_url = credential.server_url;
    return settings;
  }

  std::shared_ptr<Http> http_;
  std::function<ServerSettings()> settings_;
};

}  // namespace

std::shared_ptr<Registrar> make_registrar(std::shared_ptr<Http> http, std::function<ServerSettings()> settings) {
  return std::make_shared<DiscoveringRegistrar>(std::move(http), std::move(settings));
}

}  // namespace oauth

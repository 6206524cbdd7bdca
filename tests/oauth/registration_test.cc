#include "oauth/registration.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/oauth/support/fake_web.h"
#include "tests/support/run_task.h"

namespace oauth {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RegistrationTest : public testing::Test {
 protected:
  RegistrationTest() {
    server.url = "https://as.example/.well-known/oauth-authorization-server";
    server.issuer = "https://as.example";
    server.registration_endpoint = "https://as.example/register";
  }

  mcp::Result<Client> answered(const json& body, int status = 201) {
    web.put_json(server.registration_endpoint, body.dump(), status);
    return run();
  }

  mcp::Result<Client> run() {
    mcp::Cancellation never;
    Registration copy = registration;
    return mcp::run_task(loop, register_client(web, server, std::move(copy), never));
  }

  json sent() const { return json::parse(web.requests.back().body); }

  boost::asio::io_context loop;
  FakeWeb web;
  ServerMetadata server;
  ServerSettings settings;
  Registration registration{.redirect_uri = "http://127.0.0.1:4711/callback", .scopes = {"a", "b"}};
};

TEST_F(RegistrationTest, ANativeClientIsRegistered) {
  const auto client = answered({{"client_id", "new"}});
  ASSERT_TRUE(client) << client.error().text();
  EXPECT_EQ(client->source, ClientSource::dynamic);
  EXPECT_EQ(client->id, "new");
  EXPECT_EQ(client->authentication, ClientAuthentication::none);
  EXPECT_EQ(client->redirect_uri, registration.redirect_uri);
  const json expected = {{"client_name", "Switchyard"},
                         {"application_type", "native"},
                         {"redirect_uris", {"http://127.0.0.1:4711/callback"}},
                         {"grant_types", {"authorization_code", "refresh_token"}},
                         {"response_types", {"code"}},
                         {"token_endpoint_auth_method", "none"},
                         {"scope", "a b"}};
  EXPECT_EQ(sent(), expected);
}

TEST_F(RegistrationTest, WhatIsAskedIsWhatTheServerSupports) {
  server.token_authentication = {"client_secret_post", "client_secret_basic"};
  server.grant_types = {"authorization_code"};
  registration.device = true;
  registration.scopes.clear();
  const auto client = answered({{"client_id", "new"}, {"client_secret", "s"}, {"client_secret_expires_at", 4'000'000'000}});
  ASSERT_TRUE(client);
  EXPECT_EQ(client->authentication, ClientAuthentication::basic);
  EXPECT_EQ(client->secret, "s");
  EXPECT_EQ(client->secret_expires, WallTime(std::chrono::seconds(4'000'000'000)));
  EXPECT_EQ(sent()["token_endpoint_auth_method"], "client_secret_basic");
  EXPECT_EQ(sent()["grant_types"], json::array({"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"}));
  EXPECT_FALSE(sent().contains("scope"));
}

TEST_F(RegistrationTest, WhatTheServerRegisteredCounts) {
  auto client = answered({{"client_id", "new"}, {"client_secret", "s"}, {"token_endpoint_auth_method", "client_secret_post"}});
  ASSERT_TRUE(client);
  EXPECT_EQ(client->authentication, ClientAuthentication::post);
  // Nothing said: a secret is to be used, unless clients without one are known there.
  client = answered({{"client_id", "new"}, {"client_secret", "s"}, {"client_secret_expires_at", 0}});
  EXPECT_EQ(client->authentication, ClientAuthentication::basic);
  EXPECT_FALSE(client->secret_expires);
  server.token_authentication = {"none"};
  client = answered({{"client_id", "new"}, {"client_secret", "s"}});
  EXPECT_EQ(client->authentication, ClientAuthentication::none);
  EXPECT_EQ(client->secret, "");
}

TEST_F(RegistrationTest, AnAnswerThatIsNoneIsRefused) {
  for (const json& body : {json::object(),
                           json{{"client_id", 1}},
                           json{{"client_id", std::string(5000, 'x')}},
                           json::array(),
                           json{{"client_id", "a"}, {"token_endpoint_auth_method", "client_secret_basic"}},
                           json{{"client_id", "a"}, {"token_endpoint_auth_method", "tls_client_auth"}}}) {
    const auto client = answered(body);
    ASSERT_FALSE(client) << body;
    EXPECT_THAT(client.error().message, HasSubstr("https://as.example/register"));
  }
}

TEST_F(RegistrationTest, ARefusalIsShown) {
  auto client = answered({{"error", "invalid_redirect_uri"}, {"error_description", "no\nloopback"}}, 400);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, mcp::ErrorCode::credential_refused);
  EXPECT_THAT(client.error().message, HasSubstr("invalid_redirect_uri (no loopback)"));
  EXPECT_THAT(client.error().remedy, HasSubstr("clientId"));
  client = answered({{"error", "busy"}}, 503);
  EXPECT_EQ(client.error().code, mcp::ErrorCode::authorization_unavailable);
  web.put_error(server.registration_endpoint, mcp::ErrorCode::connect_failed);
  EXPECT_EQ(run().error().code, mcp::ErrorCode::authorization_unavailable);
  server.registration_endpoint.clear();
  EXPECT_EQ(run().error().code, mcp::ErrorCode::credential_refused);
}

TEST_F(RegistrationTest, ScopesThatItDoesNotLikeAreLeftOut) {
  web.put(server.registration_endpoint, [](const HttpRequest& request) {
    if (json::parse(request.body).contains("scope")) return FakeWeb::json(400, R"({"error":"invalid_client_metadata"})");
    return FakeWeb::json(201, R"({"client_id":"new"})");
  });
  const auto client = run();
  ASSERT_TRUE(client) << client.error().text();
  EXPECT_EQ(client->scopes, registration.scopes) << "so that the next login does not register another one";
  EXPECT_EQ(web.requests.size(), 2U);
  registration.scopes.clear();
  EXPECT_FALSE(answered({{"error", "invalid_client_metadata"}}, 400));
  EXPECT_EQ(web.requests.size(), 3U);
}

TEST_F(RegistrationTest, AServerThatPublishesNothingMayWantNoLoginAtAll) {
  server = default_metadata("https://old.example");
  const auto client = run();
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().remedy, HasSubstr("headers"));
}

TEST_F(RegistrationTest, TheConfiguredClientAuthenticatesAsItCan) {
  EXPECT_FALSE(*configured_client(settings, server));
  settings.client_id = "mine";
  EXPECT_EQ((*configured_client(settings, server))->authentication, ClientAuthentication::none);
  settings.client_secret = "s";
  EXPECT_EQ((*configured_client(settings, server))->authentication, ClientAuthentication::basic);
  server.token_authentication = {"client_secret_post"};
  EXPECT_EQ((*configured_client(settings, server))->authentication, ClientAuthentication::post);
  settings.client_authentication = ClientAuthentication::basic;
  EXPECT_EQ((*configured_client(settings, server))->authentication, ClientAuthentication::basic);
  settings.client_authentication.reset();
  settings.private_key = "PEM";
  const auto client = configured_client(settings, server);
  EXPECT_EQ((*client)->authentication, ClientAuthentication::private_key_jwt);
  EXPECT_EQ((*client)->secret, "") << "not needed, so not kept";
}

TEST_F(RegistrationTest, AWayToAuthenticateWithoutTheMeansIsAMistake) {
  settings.client_id = "mine";
  for (const auto method : {ClientAuthentication::basic, ClientAuthentication::post, ClientAuthentication::private_key_jwt}) {
    settings.client_authentication = method;
    const auto client = configured_client(settings, server);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, mcp::ErrorCode::config_invalid);
  }
}

TEST_F(RegistrationTest, TheMetadataDocumentIsUsedWhereBothKnowOfIt) {
  EXPECT_FALSE(*document_client(settings, server));
  settings.client_metadata_url = "https://me.example/client.json";
  EXPECT_FALSE(*document_client(settings, server));
  server.client_metadata_document = true;
  const auto client = document_client(settings, server);
  ASSERT_TRUE(client && *client);
  EXPECT_EQ((*client)->id, "https://me.example/client.json");
  EXPECT_EQ((*client)->source, ClientSource::metadata_document);
  for (const char* url : {"https://me.example", "http://me.example/client.json", "http://127.0.0.1/client.json", "nonsense"}) {
    settings.client_metadata_url = url;
    EXPECT_EQ(document_client(settings, server).error().code, mcp::ErrorCode::config_invalid) << url;
  }
}

TEST_F(RegistrationTest, TheDocumentNamesItself) {
  const json document = json::parse(client_metadata_document("https://me.example/client.json"));
  EXPECT_EQ(document["client_id"], "https://me.example/client.json");
  EXPECT_EQ(document["token_endpoint_auth_method"], "none");
  EXPECT_EQ(document["redirect_uris"][0], "http://127.0.0.1/callback");
  EXPECT_THAT(document["grant_types"].dump(), AllOf(HasSubstr("refresh_token"), Not(HasSubstr("client_credentials"))));
}

TEST_F(RegistrationTest, ASecretThatIsSoonOverIsOver) {
  const WallTime now = std::chrono::system_clock::now();
  Client client;
  EXPECT_FALSE(secret_is_over(client, now));
  client.secret_expires = now + std::chrono::hours(1);
  EXPECT_FALSE(secret_is_over(client, now));
  client.secret_expires = now + std::chrono::minutes(1);
  EXPECT_TRUE(secret_is_over(client, now));
}

}  // namespace
}  // namespace oauth

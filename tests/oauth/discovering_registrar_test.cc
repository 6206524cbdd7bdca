#include "oauth/discovering_registrar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oauth/support/login_scene.h"

namespace oauth {
namespace {

using testing::HasSubstr;

class DiscoveringRegistrarTest : public LoginScene {
 protected:
  mcp::Result<std::string> issuer_now() { return mcp::run_task(loop, registrar->issuer_now(login, cancellation)); }

  mcp::Result<Client> register_again(std::string issuer) {
    return mcp::run_task(loop, registrar->register_again(login, std::move(issuer), cancellation));
  }

  std::shared_ptr<Registrar> registrar = make_registrar(web, [this] { return options.settings; });
  Credential login = credential();
};

TEST_F(DiscoveringRegistrarTest, TheIssuerIsTheOneThatTheServerNamesNow) {
  EXPECT_EQ(*issuer_now(), "https://as.example");
  web->put_json("https://a.example/.well-known/oauth-protected-resource/mcp",
                R"({"resource":"https://a.example/mcp","authorization_servers":["https://moved.example"]})");
  EXPECT_EQ(*issuer_now(), "https://moved.example");
  web->put_json("https://a.example/.well-known/oauth-protected-resource/mcp", "{}", 503);
  EXPECT_EQ(issuer_now().error().code, mcp::ErrorCode::authorization_unavailable);
  options.settings.authorization_server = "https://mine.example";
  EXPECT_EQ(*issuer_now(), "https://mine.example");
}

TEST_F(DiscoveringRegistrarTest, WhatIsMissingNamesNobody) {
  // As a proxy does that lets nobody through.
  for (const int status : {403, 404, 200})
    for (const char* url : {"https://a.example/.well-known/oauth-protected-resource/mcp",
                            "https://a.example/.well-known/oauth-protected-resource",
                            "https://a.example/.well-known/oauth-authorization-server",
                            "https://as.example/.well-known/oauth-authorization-server"}) {
      web->put(url, [status](const HttpRequest&) {
        return HttpAnswer{.status = status, .body = "<html>no</html>", .content_type = "text/html"};
      });
      EXPECT_EQ(*issuer_now(), "https://as.example") << url << " " << status;
    }
}

TEST_F(DiscoveringRegistrarTest, AnOldServerRegistersItself) {
  web->pages.erase("https://a.example/.well-known/oauth-protected-resource/mcp");
  web->put_json("https://a.example/register", R"({"client_id":"there"})", 201);
  const auto client = register_again("https://a.example");
  ASSERT_TRUE(client) << client.error().text();
  EXPECT_EQ(client->id, "there");
}

TEST_F(DiscoveringRegistrarTest, ARegistrationIsAskedForWithTheSameRedirect) {
  const auto client = register_again("https://as.example");
  ASSERT_TRUE(client) << client.error().text();
  EXPECT_EQ(client->id, "client-2");
  EXPECT_EQ(client->redirect_uri, login.client.redirect_uri);
  EXPECT_THAT(web->to("https://as.example/register").back().body, HasSubstr(R"("scope":"read")"));
  EXPECT_FALSE(register_again("https://elsewhere.example"));
}

TEST_F(DiscoveringRegistrarTest, AClientThatNeedsNoRegistrationGetsNone) {
  const int before = registered;
  options.settings.client_id = "mine";
  EXPECT_EQ(register_again("https://as.example").error().code, mcp::ErrorCode::config_invalid);
  options.settings.client_id.clear();
  metadata["client_id_metadata_document_supported"] = true;
  options.settings.client_metadata_url = "https://me.example/client.json";
  EXPECT_EQ(register_again("https://as.example").error().code, mcp::ErrorCode::config_invalid);
  EXPECT_EQ(registered, before);
}

}  // namespace
}  // namespace oauth

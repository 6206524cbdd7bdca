#include "oauth/login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/base64url.h"
#include "tests/oauth/support/login_scene.h"
#include "tests/support/fake_clock.h"

namespace oauth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

class LoginTest : public LoginScene {};

TEST_F(LoginTest, FromAUrlToACredential) {
  const WallTime before = std::chrono::system_clock::now();
  tokens["scope"] = "read extra";
  tokens["id_token"] = "e30." + base64url(R"({"sub":"1","email":"alice@example.test"})") + ".x";
  const Credential made = credential();
  EXPECT_EQ(made.key, (CredentialKey{"https://as.example", "https://a.example/mcp", ""}));
  EXPECT_EQ(made.server_url, "https://a.example/mcp");
  EXPECT_EQ(made.client.id, "client-1");
  EXPECT_EQ(made.client.source, ClientSource::dynamic);
  EXPECT_EQ(made.token_endpoint, "https://as.example/token");
  EXPECT_EQ(made.revocation_endpoint, "https://as.example/revoke");
  EXPECT_EQ(made.login.size(), 32U);
  EXPECT_EQ(made.logged_in, made.issued);
  EXPECT_EQ(made.access_token, "the-access");
  EXPECT_EQ(made.refresh_token, "the-refresh");
  EXPECT_THAT(made.scopes, ElementsAre("read", "extra"));
  EXPECT_THAT(made.asked, ElementsAre("read"));
  EXPECT_EQ(made.subject, "alice@example.test");
  ASSERT_TRUE(made.expires);
  EXPECT_GE(*made.expires, before + std::chrono::hours(1));

  const Parameters query = parameters(urls.at(0).substr(urls.at(0).find('?') + 1));
  EXPECT_EQ(query.at("resource"), "https://a.example/mcp");
  EXPECT_EQ(query.at("scope"), "read");
  const Parameters& form = tokens_asked.at(0);
  EXPECT_THAT(form,
              AllOf(Contains(Pair("grant_type", "authorization_code")),
                    Contains(Pair("code", "the-code")),
                    Contains(Pair("resource", "https://a.example/mcp")),
                    Contains(Pair("client_id", "client-1")),
                    Contains(Pair("redirect_uri", query.at("redirect_uri")))));
  EXPECT_EQ(pkce_challenge(form.at("code_verifier")), query.at("code_challenge"));
  EXPECT_EQ(clients->clients.at("https://as.example"), made.client);
  mcp::run_until(loop, [this] { return pages.size() == 1; });
  EXPECT_EQ(pages[0]->status, 200);
  EXPECT_THAT(pages[0]->body, AllOf(HasSubstr("You can close this window"), Not(HasSubstr("the-code"))));
}

TEST_F(LoginTest, AServerThatAsksForNoLoginGetsNone) {
  server_status = 200;
  web->pages.erase("https://a.example/.well-known/oauth-protected-resource/mcp");
  const auto result = run();
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_FALSE(*result);
  EXPECT_THAT(urls, IsEmpty());
}

TEST_F(LoginTest, AServerThatLetsEverybodyInMayWantALoginLater) {
  server_status = 200;
  EXPECT_EQ(credential().access_token, "the-access");
}

TEST_F(LoginTest, AKnownChallengeSavesTheQuestion) {
  options.challenge = R"(Bearer error="insufficient_scope", scope="write")";
  options.more = {"read"};
  EXPECT_THAT(credential().asked, ElementsAre("write", "read"));
  EXPECT_THAT(web->to("https://a.example/mcp"), IsEmpty());
}

TEST_F(LoginTest, ADenialEndsItWithItsReason) {
  person = [](const Parameters& query) { return "error=access_denied&error_description=not+today&state=" + query.at("state"); };
  const mcp::Error error = failure();
  EXPECT_EQ(error.code, mcp::ErrorCode::login_required);
  EXPECT_THAT(error.message, HasSubstr("access_denied (not today)"));
  EXPECT_THAT(tokens_asked, IsEmpty());
}

TEST_F(LoginTest, WhatIsNotOursIsShownAndWaitedOut) {
  person = nullptr;
  options.on_url = [this](const std::string& url) {
    const Parameters query = parameters(url.substr(url.find('?') + 1));
    const std::string callback = query.at("redirect_uri") + "?";
    std::vector<std::string> visits = {callback + "code=x", callback + "code=x&state=guessed", callback + agree(query)};
    boost::asio::co_spawn(loop, visit_all(std::move(visits)), boost::asio::detached);
  };
  EXPECT_EQ(credential().access_token, "the-access");
  EXPECT_EQ(tokens_asked.at(0).at("code"), "the-code");
  mcp::run_until(loop, [this] { return pages.size() == 3; });
  EXPECT_EQ(pages[0]->status, 400);
  EXPECT_EQ(pages[1]->status, 400);
  EXPECT_EQ(pages[2]->status, 200);
}

TEST_F(LoginTest, ThePersonHasFiveMinutes) {
  mcp::FakeClock clock(loop);
  person = nullptr;
  const auto login = make();
  std::optional<mcp::Result<std::optional<Credential>>> result;
  mcp::spawn_task(loop, login->run(cancellation), result);
  clock.settle();
  ASSERT_THAT(urls, SizeIs(1));
  clock.advance(std::chrono::seconds(299));
  EXPECT_FALSE(result);
  clock.advance(std::chrono::seconds(3));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code, mcp::ErrorCode::timeout);
}

TEST_F(LoginTest, TheConfiguredClientIsUsedAndNothingRegistered) {
  options.settings.client_id = "mine";
  options.settings.client_secret = "s3cret";
  const Credential made = credential();
  EXPECT_EQ(made.client.id, "mine");
  EXPECT_EQ(made.client.authentication, ClientAuthentication::basic);
  EXPECT_EQ(registered, 0);
  EXPECT_THAT(clients->clients, IsEmpty());
}

TEST_F(LoginTest, TheMetadataDocumentGoesBeforeARegistration) {
  metadata["client_id_metadata_document_supported"] = true;
  options.settings.client_metadata_url = "https://me.example/client.json";
  EXPECT_EQ(credential().client.id, "https://me.example/client.json");
  EXPECT_EQ(registered, 0);
}

TEST_F(LoginTest, SoItDoesBeforeAnEarlierOne) {
  EXPECT_EQ(credential().client.id, "client-1");
  metadata["client_id_metadata_document_supported"] = true;
  options.settings.client_metadata_url = "https://me.example/client.json";
  EXPECT_EQ(credential().client.id, "https://me.example/client.json");
}

TEST_F(LoginTest, AnEarlierClientIsUsedOnItsOwnPort) {
  const std::string redirect = credential().client.redirect_uri;
  EXPECT_EQ(credential().client.redirect_uri, redirect);
  EXPECT_EQ(registered, 1);
}

TEST_F(LoginTest, AClientThatWasRegisteredForLessIsRegisteredForBoth) {
  EXPECT_THAT(credential().client.scopes, ElementsAre("read"));
  options.more = {"write"};
  const Credential wider = credential();
  EXPECT_EQ(wider.client.id, "client-2");
  EXPECT_THAT(wider.client.scopes, ElementsAre("read", "write"));
  EXPECT_EQ(json::parse(web->to("https://as.example/register").at(1).body)["scope"], "read write");
  options.more = {};
  EXPECT_EQ(credential().client.id, "client-2") << "it reaches further than what is wanted now";
  options.settings.scopes = std::vector<std::string>{"other"};
  EXPECT_THAT(credential().client.scopes, ElementsAre("read", "write", "other")) << "as another server's entry would";
}

TEST_F(LoginTest, WhereItsPortIsTakenAnotherOneIsRegistered) {
  const std::string redirect = credential().client.redirect_uri;
  const auto url = *mcp::Url::parse(redirect);
  CallbackListener other(loop.get_executor(), nullptr);
  ASSERT_TRUE(other.open({.port = url.port}));
  EXPECT_NE(credential().client.redirect_uri, redirect);
  EXPECT_EQ(registered, 2);
}

TEST_F(LoginTest, AConfiguredPortThatIsTakenIsAnError) {
  CallbackListener other(loop.get_executor(), nullptr);
  ASSERT_TRUE(other.open({}));
  options.settings.callback_url = other.redirect_uri();
  EXPECT_EQ(failure().code, mcp::ErrorCode::io_error);
}

TEST_F(LoginTest, TheConfiguredCallbackIsUsedByteByByte) {
  options.settings.callback_url = "http://localhost/oauth/Done";
  const std::string redirect = credential().client.redirect_uri;
  const auto place = LoopbackCallback::parse(redirect);
  ASSERT_TRUE(place) << redirect;
  EXPECT_EQ(place->host, "localhost");
  EXPECT_EQ(place->path, "/oauth/Done");
  EXPECT_EQ(credential().client.redirect_uri, redirect) << "the client is registered for that port";
  EXPECT_EQ(registered, 1);
  options.settings.callback_url = redirect;
  EXPECT_EQ(credential().client.redirect_uri, redirect);
  EXPECT_EQ(registered, 1);
  options.settings.callback_url.clear();
  EXPECT_THAT(credential().client.redirect_uri, testing::StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(registered, 2);
}

TEST_F(LoginTest, ACallbackElsewhereIsPastedOrHandedOver) {
  options.settings.callback_url = "https://gateway.example/oauth/callback";
  person = nullptr;
  for (const bool handed : {false, true}) {
    urls.clear();
    const auto login = make();
    std::optional<mcp::Result<std::optional<Credential>>> result;
    mcp::spawn_task(loop, login->run(cancellation), result);
    mcp::run_until(loop, [this] { return !urls.empty(); });
    const Parameters query = parameters(urls[0].substr(urls[0].find('?') + 1));
    EXPECT_EQ(query.at("redirect_uri"), options.settings.callback_url);
    EXPECT_FALSE(login->come_back("code=x&state=of-another"));
    if (handed) {
      const auto page = login->come_back(agree(query));
      ASSERT_TRUE(page);
      EXPECT_EQ(page->status, 200);
      EXPECT_FALSE(login->come_back(agree(query))) << "only once";
    } else {
      EXPECT_TRUE(login->paste(query.at("redirect_uri") + "?" + agree(query)));
    }
    mcp::run_until(loop, [&] { return result.has_value(); });
    ASSERT_TRUE(*result) << result->error().text();
    EXPECT_EQ((**result)->client.redirect_uri, options.settings.callback_url);
  }
  EXPECT_EQ(tokens_asked.at(1).at("redirect_uri"), options.settings.callback_url);
  const json asked = json::parse(web->to("https://as.example/register").at(0).body);
  EXPECT_EQ(asked["application_type"], "web");
  EXPECT_EQ(asked["redirect_uris"][0], options.settings.callback_url);
}

TEST_F(LoginTest, NoClientIsUsedWithAnotherIssuer) {
  EXPECT_EQ(credential().client.id, "client-1");
  metadata["issuer"] = "https://other.example";
  web->put("https://other.example/.well-known/oauth-authorization-server",
           [this](const HttpRequest&) { return FakeWeb::json(200, metadata.dump()); });
  web->put_json("https://a.example/.well-known/oauth-protected-resource/mcp",
                R"({"resource":"https://a.example/mcp","authorization_servers":["https://other.example"]})");
  person = [](const Parameters& query) { return "code=the-code&state=" + query.at("state"); };
  const Credential made = credential();
  EXPECT_EQ(made.client.id, "client-2");
  EXPECT_EQ(made.key.issuer, "https://other.example");
}

TEST_F(LoginTest, ARegistrationThatWasLostIsMadeAgainOnce) {
  static_cast<void>(credential());
  on_token = [](const Parameters& form) -> std::optional<HttpAnswer> {
    if (form.at("client_id") == "client-1") return FakeWeb::json(401, R"({"error":"invalid_client"})");
    return std::nullopt;
  };
  EXPECT_EQ(credential().client.id, "client-2");
  EXPECT_EQ(clients->clients.at("https://as.example").id, "client-2");
  on_token = [](const Parameters&) { return FakeWeb::json(401, R"({"error":"invalid_client"})"); };
  EXPECT_EQ(failure().code, mcp::ErrorCode::credential_refused);
  EXPECT_EQ(registered, 3);
  EXPECT_THAT(urls, SizeIs(5)) << "one, two with one again, and so once more";
}

TEST_F(LoginTest, AClientThatTheAuthorizationServerRefusesIsRegisteredAgain) {
  static_cast<void>(credential());
  person = [](const Parameters& query) {
    return query.at("client_id") == "client-1" ? "error=unauthorized_client&state=" + query.at("state") : agree(query);
  };
  EXPECT_EQ(credential().client.id, "client-2");
}

TEST_F(LoginTest, ScopesThatOnlyTheServerWantedAreDroppedOnce) {
  person = [](const Parameters& query) {
    return query.contains("scope") ? "error=invalid_scope&state=" + query.at("state") : agree(query);
  };
  EXPECT_THAT(credential().asked, IsEmpty());
  options.settings.scopes = std::vector<std::string>{"mine"};
  EXPECT_THAT(failure().message, HasSubstr("invalid_scope"));
}

TEST_F(LoginTest, ScopesOfAStepUpThatAreNotKnownThereAreDroppedFirst) {
  person = [](const Parameters& query) {
    const bool unknown = query.contains("scope") && query.at("scope").contains("bogus");
    return unknown ? "error=invalid_scope&state=" + query.at("state") : agree(query);
  };
  options.more = {"read", "bogus"};
  EXPECT_THAT(credential().asked, ElementsAre("read"));
  options.settings.scopes = std::vector<std::string>{"mine"};
  EXPECT_THAT(credential().asked, ElementsAre("mine"));
}

TEST_F(LoginTest, AServerThatLetsNobodyInIsNotOneThatAsksForNothing) {
  server_status = 403;
  web->pages.erase("https://a.example/.well-known/oauth-protected-resource/mcp");
  const mcp::Error error = failure();
  EXPECT_EQ(error.code, mcp::ErrorCode::http_status);
  EXPECT_THAT(error.text(), AllOf(HasSubstr("403"), HasSubstr("\"headers\"")));
}

TEST_F(LoginTest, WithoutPkceNobodyIsSentAnywhere) {
  metadata.erase("code_challenge_methods_supported");
  EXPECT_THAT(failure().message, HasSubstr("S256"));
  EXPECT_THAT(urls, IsEmpty());
  EXPECT_EQ(registered, 0);
}

TEST_F(LoginTest, AnotherMachinesBrowserCanBePasted) {
  for (const bool whole : {true, false}) {
    person = nullptr;
    std::unique_ptr<Login> login;
    options.on_url = [&](const std::string& url) {
      const Parameters query = parameters(url.substr(url.find('?') + 1));
      EXPECT_EQ(login->paste("http://127.0.0.1:1/callback?code=x&state=wrong").error().code, mcp::ErrorCode::invalid_request);
      EXPECT_EQ(login->paste("two words").error().code, mcp::ErrorCode::invalid_request);
      EXPECT_TRUE(login->paste(whole ? "  http://127.0.0.1:1/callback?" + agree(query) + "#x\n" : "the-code"));
      EXPECT_FALSE(login->paste("the-code")) << "once is enough";
    };
    login = make();
    const auto result = mcp::run_task(loop, login->run(cancellation));
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ((*result)->access_token, "the-access");
    EXPECT_EQ(tokens_asked.back().at("code"), "the-code");
  }
}

TEST_F(LoginTest, ABareCodeDoesNotSayWhoseItIs) {
  metadata["authorization_response_iss_parameter_supported"] = true;
  std::unique_ptr<Login> login;
  options.on_url = [&](const std::string&) {
    EXPECT_FALSE(login->paste("the-code"));
    login->cancel();
  };
  login = make();
  EXPECT_EQ(mcp::run_task(loop, login->run(cancellation)).error().code, mcp::ErrorCode::cancelled);
}

TEST_F(LoginTest, TheCallersCancellationEndsIt) {
  options.on_url = [&](const std::string&) { cancellation.request({mcp::ErrorCode::shutting_down, "over", {}, {}}); };
  EXPECT_EQ(failure().code, mcp::ErrorCode::shutting_down);
}

TEST_F(LoginTest, ClientCredentialsNeedNobody) {
  metadata["scopes_supported"] = {"read", "offline_access"};
  options.settings.grant = Grant::client_credentials;
  options.settings.client_id = "machine";
  options.settings.client_secret = "s3cret";
  const Credential made = credential();
  EXPECT_THAT(urls, IsEmpty());
  EXPECT_THAT(tokens_asked.at(0),
              AllOf(Contains(Pair("grant_type", "client_credentials")),
                    Contains(Pair("scope", "read")),
                    Contains(Pair("resource", "https://a.example/mcp"))));
  EXPECT_EQ(made.refresh_token, "");
  EXPECT_EQ(made.client.source, ClientSource::configured);
  options.settings.client_secret.clear();
  EXPECT_EQ(failure().code, mcp::ErrorCode::config_invalid);
}

TEST_F(LoginTest, AServerInTroubleIsNoReasonToRegister) {
  server_status = 503;
  EXPECT_EQ(failure().code, mcp::ErrorCode::authorization_unavailable);
  server_status = 307;
  EXPECT_EQ(failure().code, mcp::ErrorCode::http_status);
  EXPECT_EQ(registered, 0);
}

TEST_F(LoginTest, AnOldServerIsAskedByItsStream) {
  web->put("https://a.example/mcp", [](const HttpRequest& request) {
    HttpAnswer answer;
    answer.status = request.method == "POST" ? 405 : 401;
    return answer;
  });
  EXPECT_EQ(credential().access_token, "the-access");
}

}  // namespace
}  // namespace oauth

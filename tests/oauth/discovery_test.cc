#include "oauth/discovery.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "oauth/document.h"
#include "tests/oauth/support/fake_web.h"
#include "tests/support/run_task.h"

namespace oauth {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

const std::string kPath = "https://a.example/.well-known/oauth-protected-resource/mcp";
const std::string kRoot = "https://a.example/.well-known/oauth-protected-resource";
const std::string kServer = "https://as.example/.well-known/oauth-authorization-server";
const std::string kOpenId = "https://as.example/.well-known/openid-configuration";

std::string resource(const std::string& resource = "https://a.example/mcp", const std::string& issuer = "https://as.example") {
  return json{{"resource", resource}, {"authorization_servers", {issuer, "https://second.example"}}, {"scopes_supported", {"x"}}}
      .dump();
}

std::string server(const std::string& issuer = "https://as.example", const std::string& origin = "https://as.example") {
  return json{{"issuer", issuer},
              {"authorization_endpoint", origin + "/authorize"},
              {"token_endpoint", origin + "/token"},
              {"code_challenge_methods_supported", {"S256"}}}
      .dump();
}

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() { settings.server_url = "https://a.example/mcp"; }

  mcp::Result<Discovery> run() {
    mcp::Cancellation never;
    return mcp::run_task(loop, discover(web, settings, challenge, never));
  }

  mcp::Error failure() {
    const auto found = run();
    EXPECT_FALSE(found);
    return found ? mcp::Error{} : found.error();
  }

  boost::asio::io_context loop;
  FakeWeb web;
  ServerSettings settings;
  std::optional<BearerChallenge> challenge;
};

TEST_F(DiscoveryTest, TheChallengeSaysWhereTheMetadataIs) {
  challenge = BearerChallenge{.resource_metadata = "https://a.example/elsewhere"};
  web.put_json("https://a.example/elsewhere", resource());
  web.put_json(kServer, server());
  const auto found = run();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->resource, "https://a.example/mcp");
  EXPECT_EQ(found->server.issuer, "https://as.example");
  EXPECT_THAT(found->scopes, Optional(ElementsAre("x")));
  EXPECT_THAT(web.asked(), ElementsAre("https://a.example/elsewhere", kServer));
  EXPECT_THAT(web.requests[0].headers, testing::Contains(testing::Pair("MCP-Protocol-Version", "2025-11-25")));
}

TEST_F(DiscoveryTest, WithoutItTheWellKnownPlacesAreTriedInOrder) {
  web.put_json(kRoot, resource("https://a.example/"));
  web.put_json(kOpenId, server());
  const auto found = run();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->resource, "https://a.example/") << "byte by byte";
  EXPECT_THAT(web.asked(), ElementsAre(kPath, kRoot, kServer, kOpenId));
}

TEST_F(DiscoveryTest, AnIssuerWithAPathHasThreePlaces) {
  web.put_json(kPath, resource("https://a.example/mcp", "https://as.example/tenant/"));
  web.put_json("https://as.example/tenant/.well-known/openid-configuration", server("https://as.example/tenant/"));
  ASSERT_TRUE(run());
  EXPECT_THAT(
      web.asked(),
      ElementsAre(kPath, kServer + "/tenant", kOpenId + "/tenant", "https://as.example/tenant/.well-known/openid-configuration"));
}

TEST_F(DiscoveryTest, APageThatStandsForEverythingIsNoMetadata) {
  const auto page = [](const HttpRequest&) {
    HttpAnswer answer;
    answer.status = 200;
    answer.body = "<!doctype html>";
    answer.content_type = "text/html";
    return answer;
  };
  web.put(kPath, page);
  web.put_json(kRoot, resource("https://a.example"));
  web.put(kServer, page);
  web.put_json(kOpenId, server());
  EXPECT_TRUE(run());
}

TEST_F(DiscoveryTest, MetadataOfAnotherResourceIsRefused) {
  for (const char* other : {"https://evil.example/mcp",
                            "https://a.example/mcp2",
                            "https://a.example/mc",
                            "https://a.example/mcp/deeper",
                            "https://a.example:8443/mcp",
                            "http://a.example/mcp",
                            "https://a.example/mcp#x",
                            "https://a.example/mcp?x=1",
                            "mcp"}) {
    web.put_json(kPath, resource(other));
    const mcp::Error error = failure();
    EXPECT_EQ(error.code, mcp::ErrorCode::invalid_request) << other;
    EXPECT_THAT(error.message, HasSubstr(kPath));
  }
  EXPECT_THAT(web.to(kServer), IsEmpty());
}

TEST_F(DiscoveryTest, AResourceSpeaksForWhatIsBelowIt) {
  const auto url = *mcp::Url::parse("https://a.example/team/mcp?x=1");
  for (const char* parent : {"https://a.example",
                             "https://a.example/",
                             "https://a.example/team",
                             "https://a.example/team/",
                             "https://a.example/team/mcp",
                             "https://a.example/team/mcp/",
                             "https://A.example:443/team/mcp?x=1"})
    EXPECT_TRUE(resource_covers(parent, url)) << parent;
  EXPECT_FALSE(resource_covers("https://a.example/te", url));
}

TEST_F(DiscoveryTest, AnotherIssuersMetadataIsNotUsed) {
  web.put_json(kPath, resource());
  for (const char* other : {"https://evil.example", "https://as.example/", "https://as.example:443", "HTTPS://as.example"}) {
    web.put_json(kServer, server(other));
    const mcp::Error error = failure();
    EXPECT_EQ(error.code, mcp::ErrorCode::invalid_request);
    EXPECT_THAT(error.message, AllOf(HasSubstr(kServer), HasSubstr("issuer")));
  }
  web.put_json(kOpenId, server());
  EXPECT_TRUE(run()) << "the right one may be at the next place";
}

TEST_F(DiscoveryTest, WhatMayPassIsNotTakenForAbsent) {
  const auto expect_unavailable = [this](const std::string& url) {
    for (const int status : {500, 503, 429}) {
      web.put_json(url, "{}", status);
      const mcp::Error error = failure();
      EXPECT_EQ(error.code, mcp::ErrorCode::authorization_unavailable);
      EXPECT_THAT(error.message, AllOf(HasSubstr(url), HasSubstr(std::to_string(status))));
    }
    web.put_error(url, mcp::ErrorCode::connect_failed);
    EXPECT_EQ(failure().code, mcp::ErrorCode::authorization_unavailable);
  };
  expect_unavailable(kPath);
  web.put_json(kPath, resource());
  web.put_json(kOpenId, server());
  expect_unavailable(kServer);
}

TEST_F(DiscoveryTest, WhatTheChallengeNamesHasToBeThere) {
  challenge = BearerChallenge{.resource_metadata = "https://a.example/elsewhere"};
  EXPECT_THAT(failure().message, AllOf(HasSubstr("https://a.example/elsewhere"), HasSubstr("404")));
  web.put_json(kPath, resource());
  web.put_json(kServer, server());
  EXPECT_TRUE(run()) << "the server's own place is as good";
  challenge->resource_metadata = "not a URL";
  EXPECT_THAT(failure().message, HasSubstr("WWW-Authenticate"));
}

TEST_F(DiscoveryTest, TheNextAuthorizationServerIsTakenWhereTheFirstIsNone) {
  const std::string second = "https://second.example/.well-known/oauth-authorization-server";
  web.put_json(kPath, resource());
  web.put_json(second, server("https://second.example", "https://second.example"));
  EXPECT_EQ(run()->server.issuer, "https://second.example");
  web.put_json(kServer, server("https://evil.example"));
  EXPECT_EQ(run()->server.issuer, "https://second.example");
  web.put_json(kServer, "{}", 503);
  EXPECT_EQ(failure().code, mcp::ErrorCode::authorization_unavailable) << "it may come back, and the login is there";
  web.put_json(kServer, server());
  EXPECT_EQ(run()->server.issuer, "https://as.example");
  web.put_json(kServer, "{}", 404);
  web.put_json(second, "{}", 404);
  EXPECT_THAT(failure().message, HasSubstr("https://as.example"));
}

TEST_F(DiscoveryTest, TheConfigurationMayNameTheIssuer) {
  settings.authorization_server = "https://mine.example";
  web.put_json(kPath, resource());
  web.put_json("https://mine.example/.well-known/oauth-authorization-server", server("https://mine.example"));
  const auto found = run();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->server.issuer, "https://mine.example");
}

TEST_F(DiscoveryTest, AServerThatPublishesNothingIsItsOwnAuthorizationServer) {
  settings.server_url = "https://a.example/mcp#part";
  auto found = run();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->resource, "https://a.example/mcp");
  EXPECT_EQ(found->resource_metadata, "");
  EXPECT_EQ(found->server.issuer, "https://a.example");
  EXPECT_EQ(found->server.authorization_endpoint, "https://a.example/authorize");
  EXPECT_EQ(found->server.token_endpoint, "https://a.example/token");
  EXPECT_EQ(found->server.registration_endpoint, "https://a.example/register");

  web.put_json("https://a.example/.well-known/oauth-authorization-server", server("https://a.example/", "https://a.example/oauth"));
  found = run();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->server.issuer, "https://a.example/");
  EXPECT_EQ(found->server.token_endpoint, "https://a.example/oauth/token");

  web.put_json("https://a.example/.well-known/oauth-authorization-server", server("https://evil.example"));
  EXPECT_EQ(failure().code, mcp::ErrorCode::invalid_request);
}

TEST_F(DiscoveryTest, NoLoginIsSentToAPlainServer) {
  settings.server_url = "http://intranet.example/mcp";
  EXPECT_THAT(failure().message, HasSubstr("https"));
  settings.server_url = "http://localhost:8080/mcp";
  EXPECT_TRUE(run());
}

TEST_F(DiscoveryTest, AnIssuerWithoutMetadataIsNone) {
  web.put_json(kPath, resource());
  EXPECT_THAT(failure().message, HasSubstr("https://as.example"));
  web.put_json(kPath, resource("https://a.example/mcp", "http://as.example"));
  EXPECT_THAT(failure().message, HasSubstr("not https"));
  web.put_json(kPath, resource("https://a.example/mcp", "https://as.example?x"));
  EXPECT_THAT(failure().message, HasSubstr("query"));
}

class DocumentTest : public testing::Test {
 protected:
  mcp::Result<Document> fetch() { return mcp::run_task(loop, fetch_document(web, "https://a.example/1", cancellation)); }

  static FakeWeb::Page redirect(const std::string& to) {
    return [to](const HttpRequest&) {
      HttpAnswer answer;
      answer.status = 302;
      answer.location = to;
      return answer;
    };
  }

  boost::asio::io_context loop;
  FakeWeb web;
  mcp::Cancellation cancellation;
};

TEST_F(DocumentTest, ThreeRedirectsAreFollowed) {
  web.put("https://a.example/1", redirect("/2"));
  web.put("https://a.example/2", redirect("https://b.example/x/3"));
  web.put("https://b.example/x/3", redirect("4?q=1"));
  web.put_json("https://b.example/x/4", "{}");
  const auto document = fetch();
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_TRUE(document->there);
  EXPECT_EQ(document->url, "https://b.example/x/4?q=1");
  web.put("https://b.example/x/4", redirect("/5"));
  EXPECT_EQ(fetch().error().code, mcp::ErrorCode::not_mcp);
  EXPECT_THAT(web.to("https://b.example/5"), IsEmpty());
}

TEST_F(DocumentTest, ARedirectToNowhereIsAnError) {
  for (const char* nowhere : {"", "ftp://a.example/", "javascript:1"}) {
    web.put("https://a.example/1", redirect(nowhere));
    EXPECT_EQ(fetch().error().code, mcp::ErrorCode::not_mcp) << nowhere;
  }
}

TEST_F(DocumentTest, ACancellationIsToldAsItIs) {
  cancellation.request({mcp::ErrorCode::shutting_down, "over", {}, {}});
  EXPECT_EQ(fetch().error().code, mcp::ErrorCode::shutting_down);
}

TEST_F(DocumentTest, NoQueryIsShown) {
  EXPECT_EQ(shown_url("https://a.example/x?key=secret#f"), "https://a.example/x");
  EXPECT_EQ(shown_url("https://a.example/\x1b[0m"), "https://a.example/?[0m");
}

}  // namespace
}  // namespace oauth

#include "oauth/machine_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oauth/support/login_scene.h"
#include "tests/support/fake_clock.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// The gateway as a client of its own, at an authorization server that gives tokens with the scopes that it knows.
class MachineAuthorizerTest : public LoginScene {
 protected:
  MachineAuthorizerTest() {
    options.settings.grant = Grant::client_credentials;
    options.settings.client_id = "machine";
    options.settings.client_secret = "s3cret";
    tokens = {{"token_type", "Bearer"}, {"expires_in", 3600}};
    on_token = [this](const Parameters& form) { return give(form); };
    machine = std::make_shared<MachineAuthorizer>(
        MachineDependencies{
            .executor = loop.get_executor(), .http = web, .now = now, .random = [] { return 0.5; }, .client_version = "1.2.3"},
        [this] { return options.settings; });
  }

  static WallTime now() {
    return WallTime(500'000h) + std::chrono::duration_cast<WallTime::duration>(mcp::Clock::now().time_since_epoch());
  }

  HttpAnswer give(const Parameters& form) {
    const std::string asked = form.contains("scope") ? form.at("scope") : "";
    asked_scopes.push_back(asked);
    if (refuses) return FakeWeb::json(400, json{{"error", *refuses}}.dump());
    for (const std::string& unknown : unknown_scopes) {
      if (asked.contains(unknown)) return FakeWeb::json(400, R"({"error":"invalid_scope"})");
    }
    json answer = tokens;
    answer["access_token"] = "token-" + std::to_string(++given);
    if (grants) answer["scope"] = *grants;
    return FakeWeb::json(200, answer.dump());
  }

  mcp::Result<MachineAuthorizer::Header> obtain() { return mcp::run_task(loop, machine->obtain(cancellation)); }

  std::string token() {
    const auto header = obtain();
    EXPECT_TRUE(header) << header.error().text();
    return header ? **header : "";
  }

  /// What the transport does with a refusal, as often as it does.
  mcp::Result<> call(const std::function<int()>& status, const std::string& scope) {
    for (int tries = 1;; ++tries) {
      auto header = obtain();
      if (!header) return std::unexpected(header.error());
      if (status() < 400) return {};
      auto answer = mcp::run_task(
          loop,
          machine->refused({.status = status(),
                            .challenge = "Bearer error=\"insufficient_scope\"" + (scope.empty() ? "" : ", scope=\"" + scope + "\""),
                            .sent = *header,
                            .tries = tries},
                           cancellation));
      if (!answer) return answer;
    }
  }

  mcp::FakeClock clock{loop};
  std::shared_ptr<MachineAuthorizer> machine;
  std::vector<std::string> asked_scopes, unknown_scopes;
  std::optional<std::string> grants, refuses;
  int given = 0;
};

TEST_F(MachineAuthorizerTest, AsksOnceAndAgainBeforeTheEnd) {
  EXPECT_EQ(token(), "Bearer token-1");
  EXPECT_EQ(token(), "Bearer token-1");
  clock.advance(50min, 1min);
  MachineAuthorizer::Header header;
  ASSERT_TRUE(machine->at_once(header));
  EXPECT_EQ(*header, "Bearer token-1");
  clock.settle();
  ASSERT_TRUE(machine->at_once(header));
  EXPECT_EQ(*header, "Bearer token-2");
}

TEST_F(MachineAuthorizerTest, HearsWhatTheServersRefusalSays) {
  web->put("https://a.example/mcp", [](const HttpRequest&) {
    HttpAnswer answer{.status = 401};
    answer.challenge = R"(Bearer scope="narrow", resource_metadata="https://a.example/there")";
    return answer;
  });
  web->pages.erase("https://a.example/.well-known/oauth-protected-resource/mcp");
  web->put_json("https://a.example/there", R"({"resource":"https://a.example/","authorization_servers":["https://as.example"]})");
  EXPECT_EQ(token(), "Bearer token-1");
  EXPECT_THAT(asked_scopes, ElementsAre("narrow"));
  EXPECT_EQ(tokens_asked.at(0).at("resource"), "https://a.example/");
}

TEST_F(MachineAuthorizerTest, AMissingScopeIsAskedForBesidesTheOthers) {
  EXPECT_TRUE(call([this] { return given > 1 ? 200 : 403; }, "admin"));
  EXPECT_THAT(asked_scopes, ElementsAre("read", "read admin"));
  clock.advance(61min, 1min);
  EXPECT_EQ(token(), "Bearer token-3");
  EXPECT_EQ(asked_scopes.back(), "read admin") << "it is still needed";
}

TEST_F(MachineAuthorizerTest, AScopeThatIsRefusedConcernsThatRequestAlone) {
  unknown_scopes = {"admin"};
  EXPECT_EQ(token(), "Bearer token-1");
  const auto refused = call([] { return 403; }, "admin");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::credential_refused);
  EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("admin"), HasSubstr("machine"), HasSubstr("\"scopes\"")));
  EXPECT_EQ(token(), "Bearer token-1");
  EXPECT_FALSE(machine->trouble());
  EXPECT_FALSE(call([] { return 403; }, "admin"));
  EXPECT_THAT(asked_scopes, ElementsAre("read", "read admin")) << "not with every call anew";
  clock.advance(61min, 1min);
  EXPECT_EQ(token(), "Bearer token-2");
  EXPECT_EQ(asked_scopes.back(), "read");
}

TEST_F(MachineAuthorizerTest, SoDoesOneThatIsNotGiven) {
  grants = "read";
  const auto refused = call([] { return 403; }, "admin");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::credential_refused);
  EXPECT_THAT(asked_scopes, ElementsAre("read", "read admin"));
  EXPECT_EQ(token(), "Bearer token-2");
  // An ordinary refusal is mended as ever.
  EXPECT_TRUE(call([this] { return given > 2 ? 200 : 401; }, ""));
  EXPECT_EQ(asked_scopes.back(), "read");
}

TEST_F(MachineAuthorizerTest, AServerThatIsNeverContentHearsThreeTries) {
  const auto refused = call([] { return 403; }, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::credential_refused);
  EXPECT_EQ(token(), "Bearer token-1");
  EXPECT_FALSE(call([] { return 403; }, "a b c"));
  EXPECT_EQ(token(), "Bearer token-2");
  EXPECT_THAT(asked_scopes, ElementsAre("read", "read a b c"));
}

TEST_F(MachineAuthorizerTest, ATokenThatIsRefusedAtOnceIsNotAskedForWithEveryCall) {
  EXPECT_FALSE(call([] { return 401; }, ""));
  EXPECT_THAT(asked_scopes, SizeIs(2));
  EXPECT_EQ(obtain().error().code, ErrorCode::credential_refused);
  EXPECT_THAT(asked_scopes, SizeIs(2));
  clock.advance(40s);
  EXPECT_EQ(token(), "Bearer token-3");
}

TEST_F(MachineAuthorizerTest, AScopeThatIsTakenBackLaterCostsThatScopeAlone) {
  options.settings.scopes = Scopes{"read"};
  EXPECT_TRUE(call([this] { return given > 1 ? 200 : 403; }, "admin"));
  unknown_scopes = {"admin"};
  clock.advance(61min, 1min);
  EXPECT_EQ(token(), "Bearer token-3");
  EXPECT_THAT(asked_scopes, ElementsAre("read", "read admin", "read admin", "read"));
  EXPECT_FALSE(call([] { return 403; }, "admin"));
  EXPECT_THAT(asked_scopes, SizeIs(4));
}

TEST_F(MachineAuthorizerTest, LateRefusalsOfATokenAskForNoOther) {
  const auto first = obtain();
  ASSERT_TRUE(first);
  EXPECT_FALSE(call([] { return 401; }, ""));
  EXPECT_THAT(asked_scopes, SizeIs(2));
  for (int i = 0; i < 3; ++i) {
    const auto late =
        mcp::run_task(loop, machine->refused({.status = 401, .challenge = "Bearer", .sent = *first, .tries = 1}, cancellation));
    EXPECT_EQ(late.error().code, ErrorCode::credential_refused);
  }
  EXPECT_THAT(asked_scopes, SizeIs(2));
}

TEST_F(MachineAuthorizerTest, ScopesThatOnlyTheServerWantsMayBeUnknown) {
  unknown_scopes = {"read"};
  EXPECT_EQ(token(), "Bearer token-1");
  EXPECT_THAT(asked_scopes, ElementsAre("read", ""));
}

TEST_F(MachineAuthorizerTest, ARefusedClientIsTriedAgainWhenItIsAnother) {
  refuses = "invalid_client";
  EXPECT_EQ(obtain().error().code, ErrorCode::credential_refused);
  EXPECT_FALSE(obtain());
  EXPECT_THAT(asked_scopes, SizeIs(1));
  refuses.reset();
  options.settings.client_secret = "another";
  EXPECT_EQ(token(), "Bearer token-1");
}

}  // namespace
}  // namespace oauth

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/token_keeper.h"
#include "tests/oauth/support/keeper_scene.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// What odd servers, stores and clocks do to it.
using TokenKeeperTroubleTest = KeeperScene;

TEST_F(TokenKeeperTroubleTest, WantedScopesNameThemselvesAndTouchNothingElse) {
  auto keeper = begin(login(1h));
  const auto error = keeper->wants_scopes({"write", "admin"});
  EXPECT_EQ(error.code, ErrorCode::reauthentication_required);
  EXPECT_THAT(error.message, HasSubstr("write admin"));
  TokenKeeper::Header header;
  EXPECT_TRUE(keeper->at_once(header));
  EXPECT_EQ(keeper->status().wanted, (std::vector<std::string>{"write", "admin"}));
}

TEST_F(TokenKeeperTroubleTest, WantedScopesAreWrittenDownForWhoeverLogsInNext) {
  auto keeper = begin(login(1h));
  keeper->wants_scopes({"write"});
  clock_.settle();
  EXPECT_EQ(stored().wanted, (std::vector<std::string>{"write"}));
  EXPECT_EQ(stored().access_token, "access-0");
  EXPECT_EQ(server_->requests, 0);
  // Another life of the program knows them, a refresh keeps them, another login has none.
  auto next = begin(stored());
  EXPECT_EQ(next->status().wanted, (std::vector<std::string>{"write"}));
  clock_.advance(56min);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_EQ(stored().wanted, (std::vector<std::string>{"write"}));
  auto fresh = login(2h);
  fresh.login = "second";
  fresh.generation = 50;
  next->see(fresh);
  EXPECT_TRUE(next->status().wanted.empty());
}

TEST_F(TokenKeeperTroubleTest, AHostileServerWantsOnlySoMany) {
  auto keeper = begin(login(1h));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> scopes;
    for (int i = 0; i < 100; ++i)
      scopes.push_back("scope-" + std::to_string(round) + "-" + std::to_string(i));
    keeper->wants_scopes(scopes);
  }
  clock_.settle();
  EXPECT_LE(keeper->status().wanted.size(), 256U);
}

TEST_F(TokenKeeperTroubleTest, TheSameTokenAgainIsNotAskedForOnAndOn) {
  answer_with(TokenServer::json(200, R"({"access_token":"access-0","token_type":"bearer","expires_in":3600})"));
  auto keeper = begin(login(1h));
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  const auto refused = rejected(*keeper, header);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::authorization_unavailable);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::provider_error);
  clock_.advance(20s);
  EXPECT_EQ(server_->requests, 1);
  clock_.advance(100s);
  EXPECT_LE(server_->requests, 5);
}

TEST_F(TokenKeeperTroubleTest, TokensThatAreOverWhenTheyComeAreNotAskedForOnAndOn) {
  server_->lifetime = 1s;
  server_->delay = 1500ms;
  auto keeper = begin(login(-1min));
  EXPECT_FALSE(obtain(*keeper));
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::provider_error);
  clock_.advance(20s);
  EXPECT_EQ(server_->requests, 1);
}

TEST_F(TokenKeeperTroubleTest, HoweverShortTokensLiveASecondPasses) {
  server_->lifetime = 1s;
  auto keeper = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  const int before = server_->requests;
  clock_.advance(10s, 100ms);
  EXPECT_LE(server_->requests - before, 11);
  EXPECT_GE(server_->requests - before, 8);
}

TEST_F(TokenKeeperTroubleTest, ALoginMadeWhileTheClockWasBehindWinsUnderTheLock) {
  auto ahead = login(1h);
  ahead.logged_in = now() + 24h;
  auto keeper = begin(ahead);
  auto later = login(1h);
  later.login = "second";
  later.access_token = "of-the-second";
  later.logged_in = now();
  shared_->credentials[later.key] = later;
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_TRUE(rejected(*keeper, header));
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_EQ(*header, "Bearer of-the-second");
  EXPECT_EQ(stored().login, "second");
  EXPECT_EQ(server_->requests, 0);
}

TEST_F(TokenKeeperTroubleTest, TheEndSavesWhatCouldNotBeSavedBefore) {
  shared_->full = true;
  auto keeper = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_EQ(stored().refresh_token, "refresh-0");
  shared_->full = false;
  std::optional<bool> closed;
  mcp::spawn_task(loop_, close(*keeper, 5s), closed);
  clock_.settle();
  EXPECT_TRUE(closed);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
}

TEST_F(TokenKeeperTroubleTest, ALoginOfTheSameProcessGetsTheLockOfWhatCouldNotBeSaved) {
  shared_->full = true;
  auto keeper = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_EQ(shared_->locked.size(), 1U);
  auto lock = keeper->surrender_lock();
  ASSERT_TRUE(lock);
  shared_->full = false;
  auto fresh = login(1h);
  fresh.login = "second";
  fresh.generation = 9;
  shared_->credentials[fresh.key] = fresh;
  EXPECT_EQ(keeper->unsaved()->refresh_token, "refresh-1");
  clock_.advance(30s);
  EXPECT_EQ(stored().login, "second") << "it saves nothing meanwhile";
  keeper->give_up_unsaved();
  lock.reset();
  keeper->see(fresh);
  EXPECT_TRUE(shared_->locked.empty());
  EXPECT_EQ(keeper->status().note, "");
  clock_.advance(30s);
  EXPECT_EQ(stored().login, "second");
}

TEST_F(TokenKeeperTroubleTest, ALoginThatCameToNothingGivesTheLockBack) {
  shared_->full = true;
  auto keeper = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  auto lock = keeper->surrender_lock();
  ASSERT_TRUE(lock);
  keeper->take_back(std::move(lock));
  EXPECT_EQ(shared_->locked.size(), 1U);
  shared_->full = false;
  clock_.advance(6s);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_TRUE(shared_->locked.empty());
}

TEST_F(TokenKeeperTroubleTest, ScopesThatAreWantedDuringARefreshAreWrittenDownWithIt) {
  server_->delay = 2s;
  auto keeper = begin(login(1min));
  TokenKeeper::Header header;
  EXPECT_TRUE(keeper->at_once(header));
  clock_.settle();
  keeper->wants_scopes({"write"});
  clock_.advance(3s);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_EQ(stored().wanted, (std::vector<std::string>{"write"}));
}

TEST_F(TokenKeeperTroubleTest, WhatAnotherProcessWritesIsNewerThanADeathThatCouldNotBeWrittenDown) {
  answer_with(TokenServer::json(400, R"({"error":"invalid_grant"})"));
  shared_->full = true;
  auto keeper = begin(login(-1min));
  EXPECT_FALSE(obtain(*keeper));
  shared_->full = false;
  auto fresh = stored();
  fresh.access_token = "of-another-process";
  fresh.expires = now() + 1h;
  ++fresh.generation;
  keeper->see(fresh);
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_EQ(*header, "Bearer of-another-process");
}

TEST_F(TokenKeeperTroubleTest, TheEndOfALoginWithoutARefreshTokenIsToldOnceWhenItComes) {
  auto credential = login(10min);
  credential.refresh_token.clear();
  auto keeper = begin(std::move(credential));
  shared_->locked.insert(stored().key);
  clock_.advance(12min);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::store_trouble);
  shared_->locked.clear();
  clock_.advance(1min);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::no_refresh_token);
  EXPECT_THAT(keeper->status().trouble->message, HasSubstr("ran out"));
  clock_.advance(1h);
  EXPECT_FALSE(obtain(*keeper));
  EXPECT_EQ(keeper->status().attempts.at(RefreshOutcome::no_refresh_token), 1U);
  EXPECT_EQ(server_->requests, 0);
}

TEST_F(TokenKeeperTroubleTest, AClockThatIsSetBackEndsTheWait) {
  answer_with(TokenServer::json(503, ""));
  auto keeper = begin(login(10min));
  clock_.advance(6min);
  ASSERT_EQ(keeper->status().outcome, RefreshOutcome::transient);
  EXPECT_TRUE(keeper->status().next_try);
  const int before = server_->requests;
  server_->fault = nullptr;
  skew_ = -2h;
  EXPECT_FALSE(keeper->status().next_try) << "it would be two hours away";
  // Whoever set the clock has made the token's own times odd, too: it is used until it is refused.
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_TRUE(rejected(*keeper, header));
  EXPECT_EQ(server_->requests, before + 1);
}

TEST_F(TokenKeeperTroubleTest, ACorrectedSecretIsTriedAtOnce) {
  answer_with(TokenServer::json(401, R"({"error":"invalid_client"})"));
  auto credential = login(-1min);
  credential.client.source = ClientSource::configured;
  auto keeper = begin(std::move(credential));
  ServerSettings settings{.client_id = "client-0", .client_secret = "wrong"};
  const KeeperUse use(keeper, [&settings] { return settings; });
  EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::credential_refused);
  const int before = server_->requests;
  EXPECT_FALSE(obtain(*keeper));
  EXPECT_EQ(server_->requests, before) << "not with every call";
  server_->fault = nullptr;
  settings.client_secret = "right";
  EXPECT_TRUE(obtain(*keeper));
}

TEST_F(TokenKeeperTroubleTest, ACorrectedSecretIsTriedWithoutBeingAsked) {
  answer_with(TokenServer::json(401, R"({"error":"invalid_client"})"));
  auto credential = login(6min);
  credential.client.source = ClientSource::configured;
  auto keeper = begin(std::move(credential));
  ServerSettings settings{.client_id = "client-0", .client_secret = "wrong"};
  const KeeperUse use(keeper, [&settings] { return settings; });
  clock_.advance(2min);
  ASSERT_EQ(keeper->status().outcome, RefreshOutcome::client_refused);
  server_->fault = nullptr;
  settings.client_secret = "right";
  clock_.advance(61s);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::refreshed);
}

TEST_F(TokenKeeperTroubleTest, WhoeverLeavesTakesItsSettingsAlong) {
  auto credential = login(-1min);
  credential.client.source = ClientSource::configured;
  credential.client.authentication = ClientAuthentication::post;
  auto keeper = begin(std::move(credential));
  ServerSettings settings{.client_id = "client-0", .client_secret = "wrong"};
  const KeeperUse stays(keeper, [&settings] { return settings; });
  {
    const KeeperUse leaves(keeper, [] { return ServerSettings{.client_id = "client-0", .client_secret = "of another"}; });
  }
  settings.client_secret = "right";
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_THAT(server_->last_body, HasSubstr("client_secret=right"));
}

TEST_F(TokenKeeperTroubleTest, ARegisteredClientThatIsNotAuthorizedAnyMoreIsRegisteredAgain) {
  answer_with(TokenServer::json(400, R"({"error":"unauthorized_client"})"));
  auto keeper = begin(login(-1min));
  EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::registration_lost);
  EXPECT_EQ(registrar_->registrations, 1);
  auto later = begin(stored());
  EXPECT_EQ(obtain(*later).error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(later->status().outcome, RefreshOutcome::registration_lost);
}

TEST_F(TokenKeeperTroubleTest, ARegistrationOfSomebodyElsesIsGoodEnough) {
  answer_with(TokenServer::json(401, R"({"error":"invalid_client"})"));
  shared_->clients["https://as.example"] = {.source = ClientSource::dynamic, .id = "client-of-another-login"};
  auto keeper = begin(login(-1min));
  EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(registrar_->registrations, 0);
  EXPECT_EQ(shared_->clients.at("https://as.example").id, "client-of-another-login");
}

TEST_F(TokenKeeperTroubleTest, WhereNothingIsConfiguredNobodyIsToldToCorrectIt) {
  answer_with(TokenServer::json(400, R"({"error":"invalid_target"})"));
  auto keeper = begin(login(-1min));
  const auto refused = obtain(*keeper);
  EXPECT_EQ(refused.error().code, ErrorCode::reauthentication_required);
  EXPECT_TRUE(keeper->status().needs_person);
  EXPECT_EQ(stored().dead, "") << "whoever runs the authorization server may mend it";
  server_->fault = nullptr;
  clock_.advance(6min);
  EXPECT_TRUE(obtain(*keeper));
}

TEST_F(TokenKeeperTroubleTest, AnAuthorizationServerThatDoesNotComeBackMayHaveBeenLeft) {
  server_->fault = [](TokenServer&, const HttpRequest&) {
    return std::optional<mcp::Result<HttpAnswer>>(mcp::fail(ErrorCode::connect_failed, "nobody listens"));
  };
  registrar_->issuer = "https://new.example";
  auto keeper = begin(login(6min));
  clock_.advance(4min);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::transient) << "the token is still good";
  clock_.advance(4min);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::issuer_moved);
  EXPECT_TRUE(keeper->status().needs_person);
  EXPECT_EQ(stored().refresh_token, "refresh-0");
}

}  // namespace
}  // namespace oauth

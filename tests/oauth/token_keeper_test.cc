#include "oauth/token_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oauth/support/keeper_scene.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;
using testing::HasSubstr;

using TokenKeeperTest = KeeperScene;

TEST_F(TokenKeeperTest, GivesTheTokenWhileItIsFresh) {
  auto keeper = begin(login(1h));
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_EQ(*header, "Bearer access-0");
  clock_.advance(30min);
  EXPECT_EQ(server_->requests, 0);
}

TEST_F(TokenKeeperTest, RenewsFiveMinutesAheadWithoutBeingAsked) {
  auto keeper = begin(login(1h));
  clock_.advance(54min);
  EXPECT_EQ(server_->requests, 0);
  clock_.advance(2min);
  EXPECT_EQ(server_->requests, 1);
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::refreshed);
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_EQ(*header, "Bearer access-1");
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_EQ(stored().generation, 1U);
}

TEST_F(TokenKeeperTest, RenewsAShortLifeInItsLastFifth) {
  server_->lifetime = 10s;
  auto keeper = begin(login(10s));
  clock_.advance(7s);
  EXPECT_EQ(server_->requests, 0);
  clock_.advance(2s);
  EXPECT_EQ(server_->requests, 1);
  clock_.advance(60s);
  EXPECT_GE(server_->requests, 7);
  EXPECT_LE(server_->requests, 9);
  EXPECT_FALSE(server_->revoked);
}

TEST_F(TokenKeeperTest, ATokenOfUnknownLifeIsRenewedOnlyWhenItIsRefused) {
  auto credential = login(1h);
  credential.expires.reset();
  auto keeper = begin(std::move(credential));
  clock_.advance(48h, 1h);
  EXPECT_EQ(server_->requests, 0);
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_TRUE(rejected(*keeper, header));
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_EQ(*header, "Bearer access-1");
}

TEST_F(TokenKeeperTest, WhoeverComesMeanwhileWaitsForTheOneAttempt) {
  server_->delay = 2s;
  auto keeper = begin(login(-1min));
  std::vector<std::optional<mcp::Result<TokenKeeper::Header>>> answers(20);
  mcp::Cancellation cancellation;
  for (auto& answer : answers)
    mcp::spawn_task(loop_, keeper->obtain(cancellation), answer);
  clock_.advance(3s);
  for (auto& answer : answers) {
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(***answer, "Bearer access-1");
  }
  EXPECT_EQ(server_->requests, 1);
}

TEST_F(TokenKeeperTest, AnAttemptOutlivesWhoeverWantedIt) {
  server_->delay = 2s;
  auto keeper = begin(login(-1min));
  std::optional<mcp::Result<TokenKeeper::Header>> answer;
  mcp::Cancellation cancellation;
  mcp::spawn_task(loop_, keeper->obtain(cancellation), answer);
  clock_.settle();
  cancellation.request({ErrorCode::cancelled, "the client went away"});
  clock_.settle();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, ErrorCode::cancelled);
  clock_.advance(3s);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
}

TEST_F(TokenKeeperTest, ARefusedTokenThatHasBeenReplacedIsNotRenewedAgain) {
  auto keeper = begin(login(1h));
  TokenKeeper::Header first;
  ASSERT_TRUE(keeper->at_once(first));
  EXPECT_TRUE(rejected(*keeper, first));
  EXPECT_TRUE(rejected(*keeper, first));
  EXPECT_EQ(server_->requests, 1);
}

TEST_F(TokenKeeperTest, ATokenThatIsRefusedThoughItIsNewEndsInOneReason) {
  auto keeper = begin(login(1h));
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  EXPECT_TRUE(rejected(*keeper, header, 1));
  ASSERT_TRUE(keeper->at_once(header));
  const auto again = rejected(*keeper, header, 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(server_->requests, 1);
  EXPECT_TRUE(keeper->status().needs_person);
}

TEST_F(TokenKeeperTest, TakesOverWhatAnotherProcessHasRenewed) {
  auto first = begin(login(-1min));
  auto second = begin(login(-1min));
  EXPECT_TRUE(obtain(*first));
  const auto header = obtain(*second);
  ASSERT_TRUE(header);
  EXPECT_EQ(**header, "Bearer access-1");
  EXPECT_EQ(server_->requests, 1);
  EXPECT_EQ(second->status().outcome, RefreshOutcome::adopted);
}

TEST_F(TokenKeeperTest, ProcessesThatWakeAtTheSameMomentAskOnce) {
  server_->delay = 300ms;
  std::vector<std::shared_ptr<TokenKeeper>> keepers;
  for (int i = 0; i < 5; ++i)
    keepers.push_back(begin(login(1h)));
  clock_.advance(56min);
  EXPECT_EQ(server_->requests, 1);
  EXPECT_EQ(server_->most_open, 1);
  for (const auto& keeper : keepers)
    EXPECT_EQ(*keeper->credential(), stored());
}

TEST_F(TokenKeeperTest, WaitsAsLongAsItIsAskedTo) {
  answer_with({.status = 429, .retry_after = "90"});
  auto keeper = begin(login(-1min));
  const auto refused = obtain(*keeper);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::authorization_unavailable);
  EXPECT_THAT(refused.error().remedy, HasSubstr("Try again at "));
  EXPECT_FALSE(obtain(*keeper));
  EXPECT_EQ(server_->requests, 1);
  server_->fault = {};
  clock_.advance(88s);
  EXPECT_EQ(server_->requests, 1);
  clock_.advance(3s);
  EXPECT_EQ(server_->requests, 2);
  EXPECT_TRUE(obtain(*keeper));
}

TEST_F(TokenKeeperTest, WaitsHalfAMinuteWhereItIsNotTold) {
  answer_with({.status = 503});
  auto keeper = begin(login(-1min));
  EXPECT_FALSE(obtain(*keeper));
  clock_.advance(23s);
  EXPECT_EQ(server_->requests, 1);
  clock_.advance(14s);
  EXPECT_EQ(server_->requests, 2);
}

TEST_F(TokenKeeperTest, ARefusalByTheServerClearsTheWait) {
  answer_with({.status = 503});
  auto keeper = begin(login(2min));
  TokenKeeper::Header header;
  ASSERT_TRUE(keeper->at_once(header));
  clock_.settle();
  EXPECT_EQ(server_->requests, 1);
  server_->fault = {};
  EXPECT_TRUE(rejected(*keeper, header));
  EXPECT_EQ(server_->requests, 2);
}

TEST_F(TokenKeeperTest, KeepsALoginWithoutARefreshTokenUntilItIsOver) {
  auto credential = login(2min);
  credential.refresh_token.clear();
  auto keeper = begin(std::move(credential));
  TokenKeeper::Header header;
  EXPECT_TRUE(keeper->at_once(header));
  clock_.advance(3min);
  const auto over = obtain(*keeper);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::reauthentication_required);
  EXPECT_THAT(over.error().message, HasSubstr("without a refresh token"));
  EXPECT_EQ(server_->requests, 0);
  EXPECT_EQ(shared_->credentials.size(), 1U);
}

TEST_F(TokenKeeperTest, ADeadLoginIsNotAskedForAgainByAnybody) {
  server_->revoked = true;
  auto keeper = begin(login(-1min));
  EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(stored().dead, "invalid_grant");
  EXPECT_EQ(stored().refresh_token, "refresh-0");
  auto next = begin(stored());
  EXPECT_EQ(obtain(*next).error().code, ErrorCode::reauthentication_required);
  clock_.advance(10min);
  EXPECT_EQ(server_->requests, 1);
}

TEST_F(TokenKeeperTest, ALoginElsewhereMakesItWorkAgain) {
  server_->revoked = true;
  auto keeper = begin(login(-1min));
  EXPECT_FALSE(obtain(*keeper));
  server_->revoked = false;
  auto fresh = login(1h);
  fresh.login = "second";
  shared_->credentials[fresh.key] = fresh;
  keeper->look_again();
  clock_.settle();
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_FALSE(keeper->status().needs_person);
}

TEST_F(TokenKeeperTest, ALogoutElsewhereIsNoReauthentication) {
  auto keeper = begin(login(1h));
  shared_->credentials.clear();
  keeper->look_again();
  clock_.settle();
  EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::login_required);
  EXPECT_EQ(keeper->status().login, "");
}

TEST_F(TokenKeeperTest, WhatCannotBeSavedIsUsedAndSavedLater) {
  shared_->full = true;
  auto keeper = begin(login(-1min));
  auto other = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_THAT(keeper->status().note, HasSubstr("no space left"));
  EXPECT_EQ(stored().refresh_token, "refresh-0");
  // Another process, which knows the old one alone, may not use it.
  std::optional<mcp::Result<TokenKeeper::Header>> waiting;
  mcp::Cancellation cancellation;
  mcp::spawn_task(loop_, other->obtain(cancellation), waiting);
  clock_.advance(3s);
  EXPECT_FALSE(waiting);
  shared_->full = false;
  clock_.advance(7s);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_EQ(keeper->status().note, "");
  ASSERT_TRUE(waiting && *waiting);
  EXPECT_EQ(***waiting, "Bearer access-1");
  EXPECT_EQ(server_->requests, 1);
}

TEST_F(TokenKeeperTest, AClockThatWentBackMakesNoLoginExpire) {
  auto credential = login(1h);
  credential.issued = now() + 30min;
  credential.expires = now() + 90min;
  auto keeper = begin(std::move(credential));
  TokenKeeper::Header header;
  EXPECT_TRUE(keeper->at_once(header));
  EXPECT_FALSE(keeper->status().expires);
  EXPECT_THAT(keeper->status().note, HasSubstr("clock"));
}

TEST_F(TokenKeeperTest, NonsenseOfALifetimeIsAnUnknownOne) {
  answer_with(TokenServer::json(200, R"({"access_token":"a","token_type":"bearer","expires_in":-5})"));
  auto keeper = begin(login(-1min));
  EXPECT_TRUE(obtain(*keeper));
  EXPECT_FALSE(keeper->status().expires);
  EXPECT_THAT(keeper->status().note, HasSubstr("nonsense"));
  EXPECT_EQ(stored().refresh_token, "refresh-0");
}

TEST_F(TokenKeeperTest, ALostRegistrationIsMadeAgainOnce) {
  answer_with(TokenServer::json(401, R"({"error":"invalid_client"})"));
  auto keeper = begin(login(-1min));
  const auto lost = obtain(*keeper);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(registrar_->registrations, 1);
  EXPECT_EQ(shared_->clients.at("https://as.example").id, "client-1");
  EXPECT_FALSE(obtain(*keeper));
  clock_.advance(20min);
  EXPECT_EQ(registrar_->registrations, 1);
  EXPECT_EQ(stored().refresh_token, "refresh-0");
}

TEST_F(TokenKeeperTest, AConfiguredClientThatIsRefusedIsTheConfigurationsFault) {
  answer_with(TokenServer::json(401, R"({"error":"invalid_client"})"));
  auto credential = login(-1min);
  credential.client.source = ClientSource::configured;
  auto keeper = begin(std::move(credential));
  const auto refused = obtain(*keeper);
  EXPECT_EQ(refused.error().code, ErrorCode::credential_refused);
  EXPECT_THAT(refused.error().remedy, HasSubstr("oauth"));
  EXPECT_EQ(registrar_->registrations, 0);
  EXPECT_EQ(stored().dead, "");
}

TEST_F(TokenKeeperTest, AnotherAuthorizationServerIsTold) {
  answer_with({.status = 404, .body = "<html>gone</html>", .content_type = "text/html"});
  registrar_->issuer = "https://new.example";
  auto keeper = begin(login(-1min));
  const auto moved = obtain(*keeper);
  EXPECT_EQ(moved.error().code, ErrorCode::reauthentication_required);
  EXPECT_THAT(moved.error().message, HasSubstr("https://new.example"));
  EXPECT_EQ(keeper->status().outcome, RefreshOutcome::issuer_moved);
  EXPECT_TRUE(shared_->clients.contains("https://new.example"));
  EXPECT_EQ(stored().refresh_token, "refresh-0");
}

TEST_F(TokenKeeperTest, TheEndWaitsForARequestOnItsWay) {
  server_->delay = 2s;
  auto keeper = begin(login(-1min));
  std::optional<mcp::Result<TokenKeeper::Header>> answer;
  mcp::Cancellation cancellation;
  mcp::spawn_task(loop_, keeper->obtain(cancellation), answer);
  clock_.settle();
  std::optional<bool> closed;
  mcp::spawn_task(loop_, close(*keeper, 5s), closed);
  clock_.advance(1s);
  EXPECT_FALSE(closed);
  clock_.advance(2s);
  EXPECT_TRUE(closed);
  EXPECT_EQ(stored().refresh_token, "refresh-1");
  EXPECT_TRUE(shared_->locked.empty());
}

TEST_F(TokenKeeperTest, TheEndDoesNotWaitForEver) {
  server_->delay = 40s;
  auto keeper = begin(login(-1min));
  std::optional<mcp::Result<TokenKeeper::Header>> answer;
  mcp::Cancellation cancellation;
  mcp::spawn_task(loop_, keeper->obtain(cancellation), answer);
  clock_.settle();
  std::optional<bool> closed;
  mcp::spawn_task(loop_, close(*keeper, 5s), closed);
  clock_.advance(6s);
  EXPECT_TRUE(closed);
  EXPECT_TRUE(answer);
  EXPECT_TRUE(shared_->locked.empty());
}

}  // namespace
}  // namespace oauth

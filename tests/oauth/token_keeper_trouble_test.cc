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

}  // namespace
}  // namespace oauth

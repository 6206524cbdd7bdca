#include "oauth/logins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/login_authorizer.h"
#include "tests/oauth/support/keeper_scene.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;

/// The logins of one process, and the authorizers of its servers.
class LoginsTest : public KeeperScene {
 protected:
  LoginsTest() {
    logins_ = std::make_shared<Logins>(LoginsDependencies{.executor = loop_.get_executor(),
                                                          .store = std::make_shared<MemoryLoginStore>(shared_),
                                                          .now = [this] { return now(); },
                                                          .random = [] { return 0.5; }});
  }

  ~LoginsTest() override {
    std::optional<bool> closed;
    mcp::spawn_task(loop_, close_logins(), closed);
    while (!closed)
      clock_.advance(1s);
  }

  mcp::Task<bool> close_logins() {
    co_await logins_->close(1s);
    co_return true;
  }

  mcp::Task<bool> read_store() {
    co_await logins_->read();
    co_return true;
  }

  void read() {
    std::optional<bool> done;
    mcp::spawn_task(loop_, read_store(), done);
    wait_for(done);
  }

  void store(Credential credential) { shared_->credentials[credential.key] = std::move(credential); }

  std::shared_ptr<LoginAuthorizer> authorizer(std::string account = "") {
    return std::make_shared<LoginAuthorizer>(logins_, Logins::Reach{server_, registrar_}, [account = std::move(account)] {
      return ServerSettings{.server_url = "https://mcp.example/mcp", .account = account};
    });
  }

  mcp::Result<> refused(LoginAuthorizer& authorizer, mcp::Authorizer::Refusal refusal) {
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<>> answer;
    mcp::spawn_task(loop_, authorizer.refused(std::move(refusal), cancellation), answer);
    return wait_for(answer);
  }

  std::shared_ptr<Logins> logins_;
};

TEST_F(LoginsTest, NobodyHasLoggedIn) {
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header header = std::make_shared<const std::string>("x");
  ASSERT_TRUE(one->at_once(header));
  EXPECT_EQ(header, nullptr);
  const auto wanted = refused(*one, {.status = 401, .challenge = "Bearer"});
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, ErrorCode::login_required);
  EXPECT_EQ(logins_->login_of("https://mcp.example/mcp", ""), "");
}

TEST_F(LoginsTest, ALoginIsThereForWhoeverIsToldOfIt) {
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header told;
  logins_->listen({.logins_changed = [&] { EXPECT_TRUE(one->at_once(told)); }, .status_changed = {}});
  store(login(1h));
  read();
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, "Bearer access-0");
}

TEST_F(LoginsTest, SoIsOneAfterALogout) {
  store(login(1h));
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header told;
  ASSERT_TRUE(one->at_once(told));
  shared_->credentials.clear();
  read();
  ASSERT_TRUE(one->at_once(told));
  EXPECT_EQ(told, nullptr);
  logins_->listen({.logins_changed = [&] { EXPECT_TRUE(one->at_once(told)); }, .status_changed = {}});
  auto again = login(1h);
  again.login = "again";
  again.access_token = "of-the-second";
  store(again);
  read();
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, "Bearer of-the-second");
}

TEST_F(LoginsTest, TheNewestLoginCountsWhereTheServerHasMoved) {
  auto before = login(1h);
  before.logged_in = now() - 48h;
  auto after = login(1h);
  after.key.issuer = "https://new.example";
  after.logged_in = now() - 1h;
  after.login = "later";
  store(before);
  store(after);
  read();
  EXPECT_EQ(logins_->login_of("https://mcp.example/mcp", ""), "later");
  EXPECT_EQ(logins_->key_of("https://mcp.example/mcp", "")->issuer, "https://new.example");
}

TEST_F(LoginsTest, AccountsAreLoginsOfTheirOwn) {
  auto work = login(1h);
  work.key.account = "work";
  work.access_token = "for-work";
  store(work);
  store(login(1h));
  read();
  mcp::Authorizer::Header header;
  ASSERT_TRUE(authorizer("work")->at_once(header));
  EXPECT_EQ(*header, "Bearer for-work");
  ASSERT_TRUE(authorizer()->at_once(header));
  EXPECT_EQ(*header, "Bearer access-0");
}

TEST_F(LoginsTest, WhatCannotBeReadIsNoLogout) {
  store(login(1h));
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header header;
  ASSERT_TRUE(one->at_once(header));
  shared_->unreadable = true;
  read();
  ASSERT_TRUE(one->at_once(header));
  EXPECT_EQ(*header, "Bearer access-0");
  EXPECT_NE(logins_->login_of("https://mcp.example/mcp", ""), "");
}

TEST_F(LoginsTest, AStoreThatCannotBeReadIsNoMissingLogin) {
  store(login(1h));
  shared_->unreadable = true;
  read();
  const auto one = authorizer();
  const auto wanted = refused(*one, {.status = 401, .challenge = "Bearer"});
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, ErrorCode::authorization_unavailable);
  EXPECT_THAT(wanted.error().message, testing::HasSubstr("/state/credentials"));
  // It is read again by itself.
  shared_->unreadable = false;
  clock_.advance(11s);
  mcp::Authorizer::Header header;
  ASSERT_TRUE(one->at_once(header));
  EXPECT_EQ(*header, "Bearer access-0");
}

TEST_F(LoginsTest, ADamagedRecordHidesNoLogout) {
  auto other = login(1h);
  other.key.account = "other";
  store(other);
  store(login(1h));
  read();
  shared_->damaged = other.key;
  shared_->credentials.erase(login(1h).key);
  read();
  EXPECT_EQ(logins_->login_of("https://mcp.example/mcp", ""), "");
  EXPECT_NE(logins_->login_of("https://mcp.example/mcp", "other"), "");
}

TEST_F(LoginsTest, AMissingScopeIsAskedForAndNothingElseChanges) {
  store(login(1h));
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header header;
  ASSERT_TRUE(one->at_once(header));
  const auto wanted =
      refused(*one, {.status = 403, .challenge = R"(Bearer error="insufficient_scope", scope="admin write")", .sent = header});
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(logins_->status("https://mcp.example/mcp", "")->wanted, (std::vector<std::string>{"admin", "write"}));
  EXPECT_TRUE(one->at_once(header));
}

TEST_F(LoginsTest, AMissingScopeOfATokenThatHasBeenReplacedIsTriedAgain) {
  store(login(1h));
  read();
  const auto one = authorizer();
  const auto old = std::make_shared<const std::string>("Bearer of-before");
  EXPECT_TRUE(refused(*one, {.status = 403, .challenge = R"(Bearer error="insufficient_scope", scope="admin")", .sent = old}));
  EXPECT_TRUE(logins_->status("https://mcp.example/mcp", "")->wanted.empty());
}

TEST_F(LoginsTest, ARefusedTokenIsRenewed) {
  store(login(1h));
  read();
  const auto one = authorizer();
  mcp::Authorizer::Header header;
  ASSERT_TRUE(one->at_once(header));
  EXPECT_TRUE(refused(*one, {.status = 401, .challenge = "Bearer", .sent = header}));
  ASSERT_TRUE(one->at_once(header));
  EXPECT_EQ(*header, "Bearer access-1");
}

TEST_F(LoginsTest, ALoginThatNoServerUsesIsNotRenewedAheadOfTime) {
  store(login(1h));
  read();
  mcp::Authorizer::Header header;
  auto one = authorizer();
  auto other = authorizer();
  ASSERT_TRUE(one->at_once(header));
  ASSERT_TRUE(other->at_once(header));
  one.reset();
  clock_.advance(1h, 1min);
  EXPECT_EQ(server_->requests, 1);
  other.reset();
  clock_.advance(3h, 1min);
  EXPECT_EQ(server_->requests, 1);
  const auto third = authorizer();
  EXPECT_FALSE(third->at_once(header));
  clock_.advance(1s);
  EXPECT_EQ(server_->requests, 2);
  clock_.advance(2h, 1min);
  EXPECT_EQ(server_->requests, 4);
}

}  // namespace
}  // namespace oauth

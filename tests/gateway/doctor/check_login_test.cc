#include "gateway/doctor/check_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/doctor/checks.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

class CheckLoginTest : public testing::Test {
 protected:
  CheckLoginTest() : now(std::chrono::system_clock::now()) {
    spec.name = ServerName("s");
    spec.transport = HttpSpec{.url = "https://h.example/mcp"};
    login.key = {"https://as.example", "https://h.example/mcp", ""};
    login.subject = "ana";
    login.access_token = "hush-hush";
    login.issued = now - 2h;
    login.expires = now - 1h;
    login.refresh_token = "hush-again";
  }

  HttpSpec& http() { return std::get<HttpSpec>(spec.transport); }

  std::string look(int status = 401) {
    const auto found = judge_login(spec, status, find, now);
    if (!found) return "";
    EXPECT_TRUE(has_remedies({*found}));
    return shown({*found});
  }

  ServerSpec spec;
  oauth::WallTime now;
  oauth::Credential login;
  FindLogin find = [this](const std::string& url, const std::string& account) -> mcp::Result<std::optional<oauth::Credential>> {
    EXPECT_EQ(url, "https://h.example/mcp");
    EXPECT_EQ(account, http().access.account);
    return login;
  };
};

TEST_F(CheckLoginTest, ALoginThatIsKeptIsNoError) {
  EXPECT_EQ(look(),
            "ok s: the server wants a login (HTTP 401), and ana is logged in at https://as.example; it was asked without\n");
  http().access.account = "work";
  login.refresh_token.clear();
  login.expires = now + 1h;
  EXPECT_THAT(look(), StartsWith("ok s: "));
}

TEST_F(CheckLoginTest, OneThatIsOverIs) {
  login.refresh_token.clear();
  EXPECT_EQ(look(), "error s: the server wants a login (HTTP 401), and that of ana is over | Run: switchyard login s\n");
  login.refresh_token = "hush-again";
  login.dead = "invalid_grant";
  EXPECT_THAT(look(), HasSubstr("is over"));
  login.expires = now + 1h;
  EXPECT_THAT(look(), StartsWith("ok s: "));
}

TEST_F(CheckLoginTest, A403MayHaveOtherReasons) {
  EXPECT_THAT(look(403), StartsWith("warning s: the server refuses a request that came without its login (HTTP 403) | Whether"));
  http().headers = {{"Authorization", "Bearer hush-hush"}};
  EXPECT_EQ(look(403), "");
  http().headers.clear();
  find = nullptr;
  EXPECT_EQ(look(403), "");
}

TEST_F(CheckLoginTest, WhereNobodyIsLoggedInTheRefusalStands) {
  find = [](const std::string&, const std::string&) { return std::nullopt; };
  EXPECT_EQ(look(), "");
  find = nullptr;
  EXPECT_EQ(look(), "");
}

TEST_F(CheckLoginTest, WhatIsNotLookedForInTheStore) {
  find = [](const std::string&, const std::string&) -> mcp::Result<std::optional<oauth::Credential>> {
    ADD_FAILURE() << "it was";
    return std::nullopt;
  };
  http().access.login = false;
  EXPECT_EQ(look(), "");
  http().access.grant = oauth::Grant::client_credentials;
  EXPECT_THAT(look(), StartsWith("note s: the server wants a login (HTTP 401); the client of its \"oauth\" was not tried"));
  http().headers = {{"authorization", "Bearer hush-hush"}};
  EXPECT_EQ(look(), "");
  http().headers.clear();
  http().access.bearer.variable = "TOKEN";
  EXPECT_THAT(look(), HasSubstr("the token of its \"bearer\" was not tried | Whether it is taken, the gateway knows: "));
}

TEST_F(CheckLoginTest, AStoreThatCannotBeReadIsTold) {
  find = [](const std::string&, const std::string&) -> mcp::Result<std::optional<oauth::Credential>> {
    return mcp::fail(mcp::ErrorCode::io_error, "the key is gone.", "Bring it back.");
  };
  EXPECT_EQ(look(), "error s: the key is gone | Bring it back.\n");
}

}  // namespace
}  // namespace gateway

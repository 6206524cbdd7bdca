#include "gateway/cli/login_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

const auto kNow = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'000));  // 2023-11-14T22:13:20Z

TEST(LoginTextTest, TellsWhoIsLoggedInAndUntilWhen) {
  const LoginRow row = read_login(
      R"({"kind":"login","loggedIn":true,"account":"work","subject":"ana@example.com","issuer":"https://as","scopes":["read","write"],
      "expires":"2023-11-14T22:43:20.000Z","refreshed":"2023-11-14T22:12:20.000Z","attempted":"2023-11-14T22:12:20.000Z","outcome":"refreshed"})");
  EXPECT_EQ(login_word(row), "ana@example.com");
  EXPECT_EQ(login_need(row, "linear", kNow), "");
  const auto facts = login_facts(row, kNow);
  EXPECT_THAT(facts, Contains(Pair("login", "ana@example.com, account work at https://as")));
  EXPECT_THAT(facts, Contains(Pair("scopes", "read write")));
  EXPECT_THAT(facts, Contains(Pair("token until", HasSubstr("in 30 min"))));
  EXPECT_THAT(facts, Contains(Pair("last try", HasSubstr("refreshed, 60 s ago"))));
}

TEST(LoginTextTest, SaysWhatToDoOfOneThatIsOverBeforeItStopsWorking) {
  const LoginRow row = read_login(
      R"({"kind":"login","loggedIn":true,"needsPerson":true,"expires":"2023-11-14T22:18:20.000Z",
      "trouble":{"reason":"reauthentication_required","message":"the login at https://as is over"}})");
  EXPECT_EQ(login_word(row), "over");
  const std::string need = login_need(row, "my notes", kNow);
  EXPECT_THAT(need, HasSubstr("is over. Its token works for 5 min yet."));
  EXPECT_THAT(need, HasSubstr("Run: switchyard login 'my notes'"));
}

TEST(LoginTextTest, SaysWhichScopesAreMissing) {
  const LoginRow row = read_login(R"({"kind":"login","loggedIn":true,"wantedScopes":["admin"]})");
  EXPECT_THAT(login_need(row, "linear", kNow), HasSubstr("wants more than its login allows: admin."));
}

TEST(LoginTextTest, TellsOtherWaysApart) {
  EXPECT_EQ(login_word(read_login(R"({"kind":"header"})")), "header");
  EXPECT_EQ(login_word(read_login(R"({"kind":"token","origin":"the variable T"})")), "token");
  EXPECT_EQ(login_word(read_login(R"({"kind":"client","subject":"me"})")), "own client");
  EXPECT_EQ(login_word(read_login(R"({"kind":"none","loggedIn":false})")), "");
  EXPECT_EQ(login_word(read_login("")), "");
  EXPECT_THAT(login_facts(read_login(R"({"kind":"token","origin":"the variable T"})"), kNow),
              Contains(Pair("login", "the variable T")));
  EXPECT_THAT(login_facts(read_login(R"({"kind":"none","loggedIn":false})"), kNow), Contains(Pair("login", "none")));
  EXPECT_TRUE(login_facts(read_login(""), kNow).empty());
}

}  // namespace
}  // namespace gateway

// Logins over the admin API: what each route asks of the gateway, and how it answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_routes.h"
#include "gateway/admin/admin_views.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using nlohmann::json;

/// Keeps what it is asked, and answers what the test says.
class LoginSource final : public FakeSource {
 public:
  mcp::Result<LoginProgress> login(const LoginQuestion& question) override {
    asked = question;
    return progress;
  }

  mcp::Result<LogoutReport> log_out(const std::string& server, const std::string& account) override {
    logged_out = server + "/" + account;
    return LogoutReport{.server = server, .issuer = "https://as", .was_logged_in = true, .revoked = true, .revocation = "revoked"};
  }

  std::optional<LoginQuestion> asked;
  std::string logged_out;
  mcp::Result<LoginProgress> progress = LoginProgress{.id = "i-1", .server = "linear", .state = LoginProgress::State::waiting};
};

class AdminLoginTest : public testing::Test {
 protected:
  AdminAnswer ask(const std::string& method, const std::string& path, AdminRequest request = {}) {
    request.method = method;
    request.path = path;
    request.host = "127.0.0.1:7333";
    if (request.authorization.empty()) request.authorization = "Bearer secret";
    return answer_admin(request, "secret", source_);
  }

  LoginSource source_;
};

TEST_F(AdminLoginTest, ALoginIsBegunForTheServerThatThePathNames) {
  source_.progress->url = "https://as/authorize?x=1";
  const auto answer = ask("POST", "/api/v1/servers/my%20notes/login", {.account = "work", .device = "true"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(source_.asked->action, LoginQuestion::Action::start);
  EXPECT_EQ(source_.asked->server, "my notes");
  EXPECT_EQ(source_.asked->account, "work");
  EXPECT_TRUE(source_.asked->device);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body.at("id"), "i-1");
  EXPECT_EQ(body.at("state"), "waiting");
  EXPECT_EQ(body.at("url"), "https://as/authorize?x=1");
  EXPECT_TRUE(body.contains("expires"));
  ask("POST", "/api/v1/servers/linear/login");
  EXPECT_EQ(source_.asked->account, std::nullopt);
  EXPECT_FALSE(source_.asked->device);
}

TEST_F(AdminLoginTest, OneIsLookedAtHandedSomethingAndGivenUp) {
  ask("GET", "/api/v1/logins/i-1");
  EXPECT_EQ(source_.asked->action, LoginQuestion::Action::look);
  EXPECT_EQ(source_.asked->id, "i-1");
  ask("POST", "/api/v1/logins/i-1", {.response = "http://127.0.0.1/callback?code=c"});
  EXPECT_EQ(source_.asked->action, LoginQuestion::Action::paste);
  EXPECT_EQ(source_.asked->response, "http://127.0.0.1/callback?code=c");
  ask("DELETE", "/api/v1/logins/i-1");
  EXPECT_EQ(source_.asked->action, LoginQuestion::Action::cancel);
}

TEST_F(AdminLoginTest, ALogoutSaysWhatBecameOfIt) {
  const auto answer = ask("DELETE", "/api/v1/servers/linear/login", {.account = "work"});
  EXPECT_EQ(source_.logged_out, "linear/work");
  EXPECT_EQ(json::parse(answer.body).at("revoked"), true);
}

TEST_F(AdminLoginTest, WhatIsOverSaysHow) {
  source_.progress->state = LoginProgress::State::done;
  source_.progress->subject = "ana";
  source_.progress->scopes = {"read"};
  const json done = json::parse(ask("GET", "/api/v1/logins/i-1").body);
  EXPECT_EQ(done.at("subject"), "ana");
  EXPECT_EQ(done.at("scopes"), json({"read"}));
  EXPECT_FALSE(done.contains("expires"));
  source_.progress->state = LoginProgress::State::failed;
  source_.progress->error = mcp::Error{ErrorCode::login_required, "she said no", "Ask again."};
  EXPECT_EQ(json::parse(ask("GET", "/api/v1/logins/i-1").body).at("error").at("reason"), "login_required");
}

TEST_F(AdminLoginTest, MistakesAreTold) {
  EXPECT_EQ(ask("POST", "/api/v1/logins/i-1").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/servers/linear/login").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/servers/linear").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/servers//login").status, 404);
  source_.progress = mcp::fail(ErrorCode::config_invalid, "there is no login of that id");
  EXPECT_EQ(ask("GET", "/api/v1/logins/none").status, 404);
  source_.progress = mcp::fail(ErrorCode::invalid_request, "it is another login's");
  EXPECT_EQ(ask("POST", "/api/v1/logins/i-1", {.response = "x"}).status, 400);
  source_.asked.reset();
  EXPECT_EQ(ask("POST", "/api/v1/servers/linear/login", {.authorization = "Bearer other"}).status, 401);
  EXPECT_FALSE(source_.asked);
}

TEST_F(AdminLoginTest, AServersObjectTellsOfItsLoginAndNothingSecret) {
  RuntimeStatus server{.name = ServerName("linear"), .state = RuntimeState::ready, .transport = "http", .target = "https://x/mcp"};
  EXPECT_FALSE(json::parse(server_json(server)).contains("login"));
  server.login = ServerLogin{.kind = ServerLogin::Kind::login,
                             .account = "work",
                             .subject = "ana@example.com",
                             .issuer = "https://as",
                             .scopes = {"read"},
                             .wanted = {"write"},
                             .logged_in = true,
                             .needs_person = true,
                             .expires = at_milliseconds(1'700'000'000'000),
                             .outcome = "refresh_token_dead",
                             .trouble = mcp::Error{ErrorCode::reauthentication_required, "it is over"}};
  const json login = json::parse(server_json(server)).at("login");
  EXPECT_EQ(login.at("kind"), "login");
  EXPECT_EQ(login.at("loggedIn"), true);
  EXPECT_EQ(login.at("subject"), "ana@example.com");
  EXPECT_EQ(login.at("wantedScopes"), json({"write"}));
  EXPECT_EQ(login.at("needsPerson"), true);
  EXPECT_EQ(login.at("outcome"), "refresh_token_dead");
  EXPECT_EQ(login.at("trouble").at("reason"), "reauthentication_required");
  EXPECT_EQ(login.at("expires"), "2023-11-14T22:13:20.000Z");
}

}  // namespace
}  // namespace gateway

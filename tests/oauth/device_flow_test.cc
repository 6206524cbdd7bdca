#include "oauth/device_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oauth/support/login_scene.h"
#include "tests/support/fake_clock.h"

namespace oauth {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

class DeviceFlowTest : public LoginScene {
 protected:
  DeviceFlowTest() : clock(loop) {
    metadata["device_authorization_endpoint"] = "https://as.example/device";
    web->put("https://as.example/device", [this](const HttpRequest& request) {
      device_asked.push_back(parameters(request.body));
      return FakeWeb::json(device_status, device.dump());
    });
    options.device = true;
    options.on_code = [this](const DevicePrompt& prompt) { prompts.push_back(prompt); };
    on_token = [this](const Parameters&) -> std::optional<HttpAnswer> {
      if (answers.empty()) return std::nullopt;
      HttpAnswer answer = std::move(answers.front());
      answers.erase(answers.begin());
      return answer;
    };
  }

  void start() {
    login = make();
    mcp::spawn_task(loop, login->run(cancellation), result);
    clock.settle();
  }

  static HttpAnswer error(const std::string& code) { return FakeWeb::json(400, json{{"error", code}}.dump()); }

  mcp::FakeClock clock;
  json device = {{"device_code", "the-device"},
                 {"user_code", "ABCD-EFGH"},
                 {"verification_uri", "https://as.example/go"},
                 {"verification_uri_complete", "https://as.example/go?code=ABCD"},
                 {"expires_in", 600},
                 {"interval", 5}};
  int device_status = 200;
  std::vector<Parameters> device_asked;
  std::vector<DevicePrompt> prompts;
  std::vector<HttpAnswer> answers;  // of the token endpoint, before it gives tokens
  std::unique_ptr<Login> login;
  std::optional<mcp::Result<std::optional<Credential>>> result;
};

TEST_F(DeviceFlowTest, ACodeIsShownAndPolledFor) {
  answers = {error("authorization_pending"), error("authorization_pending")};
  start();
  ASSERT_THAT(prompts, SizeIs(1));
  EXPECT_EQ(prompts[0].user_code, "ABCD-EFGH");
  EXPECT_EQ(prompts[0].verification_uri, "https://as.example/go");
  EXPECT_EQ(prompts[0].verification_uri_complete, "https://as.example/go?code=ABCD");
  EXPECT_THAT(device_asked.at(0),
              AllOf(Contains(Pair("scope", "read")),
                    Contains(Pair("resource", "https://a.example/mcp")),
                    Contains(Pair("client_id", "client-1"))));
  clock.advance(seconds(4));
  EXPECT_THAT(tokens_asked, SizeIs(0));
  clock.advance(seconds(7));
  EXPECT_THAT(tokens_asked, SizeIs(2));
  clock.advance(seconds(5));
  ASSERT_TRUE(result);
  ASSERT_TRUE(*result) << result->error().text();
  EXPECT_EQ((**result)->refresh_token, "the-refresh");
  EXPECT_THAT(tokens_asked.at(0),
              AllOf(Contains(Pair("grant_type", "urn:ietf:params:oauth:grant-type:device_code")),
                    Contains(Pair("device_code", "the-device"))));
  EXPECT_THAT(web->to("https://as.example/register").at(0).body, HasSubstr("grant-type:device_code"));
}

TEST_F(DeviceFlowTest, ItPollsAsSlowlyAsItIsTold) {
  HttpAnswer busy = FakeWeb::json(503, "{}");
  answers = {error("slow_down"), busy, error("authorization_pending")};
  start();
  clock.advance(seconds(6));
  EXPECT_THAT(tokens_asked, SizeIs(1));
  clock.advance(seconds(5));
  EXPECT_THAT(tokens_asked, SizeIs(1)) << "ten seconds from now on";
  clock.advance(seconds(6));
  EXPECT_THAT(tokens_asked, SizeIs(2));
  clock.advance(seconds(15));
  EXPECT_THAT(tokens_asked, SizeIs(2)) << "twenty after a failure";
  clock.advance(seconds(30));
  EXPECT_THAT(tokens_asked, SizeIs(4));
  EXPECT_TRUE(result && *result);
}

TEST_F(DeviceFlowTest, ADenialAndAnEndAreTold) {
  answers = {error("access_denied")};
  start();
  clock.advance(seconds(6));
  ASSERT_TRUE(result);
  EXPECT_THAT(result->error().message, HasSubstr("access_denied"));

  result.reset();
  answers.assign(1000, error("authorization_pending"));
  start();
  clock.advance(seconds(590));
  EXPECT_FALSE(result);
  clock.advance(seconds(20));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code, mcp::ErrorCode::timeout);
}

TEST_F(DeviceFlowTest, ItCanBeCancelled) {
  answers.assign(1000, error("authorization_pending"));
  start();
  login->cancel();
  clock.settle();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code, mcp::ErrorCode::cancelled);
}

TEST_F(DeviceFlowTest, WhatIsNoDeviceCodeIsRefused) {
  const json good = device;
  for (const char* member : {"device_code", "user_code", "verification_uri"}) {
    device = good;
    device[member] = 7;
    result.reset();
    start();
    ASSERT_TRUE(result);
    EXPECT_THAT(result->error().message, HasSubstr(member));
  }
  device = good;
  device["verification_uri"] = "javascript:alert(1)";
  result.reset();
  start();
  EXPECT_THAT(result->error().message, HasSubstr("verification_uri"));
  device = {{"error", "unauthorized_client"}};
  device_status = 400;
  result.reset();
  start();
  EXPECT_EQ(result->error().code, mcp::ErrorCode::credential_refused);
  EXPECT_THAT(prompts, SizeIs(0));
}

TEST_F(DeviceFlowTest, AnAuthorizationServerWithoutItSaysSo) {
  metadata.erase("device_authorization_endpoint");
  start();
  EXPECT_THAT(result->error().message, HasSubstr("another device"));
}

}  // namespace
}  // namespace oauth

#include "oauth/callback_listener.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "mcp/http/url.h"
#include "tests/support/loop_thread.h"
#include "tests/support/raw_client.h"

namespace oauth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CallbackListenerTest : public testing::Test {
 protected:
  CallbackListenerTest() {
    loop.run([this] {
      listener = std::make_unique<CallbackListener>(loop.executor(), [this](std::string_view query) {
        queries.emplace_back(query);
        return CallbackListener::Page{200, "Well <done>", "It's \"over\" & out"};
      });
      EXPECT_TRUE(listener->open({}));
      port = mcp::Url::parse(listener->redirect_uri())->port;
    });
  }

  ~CallbackListenerTest() override {
    loop.run([this] { listener.reset(); });
  }

  mcp::RawResponse ask(const std::string& line) {
    auto client = mcp::RawClient::to(port);
    client.send(line + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    return client.read_response(line.starts_with("HEAD"));
  }

  mcp::LoopThread loop;
  std::unique_ptr<CallbackListener> listener;
  std::vector<std::string> queries;
  std::uint16_t port = 0;
};

TEST_F(CallbackListenerTest, TheQueryIsJudgedAndAPageIsShown) {
  const auto answer = ask("GET /callback?code=x&state=y");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(queries, ElementsAre("code=x&state=y"));
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr("Well &lt;done&gt;"), HasSubstr("It&#39;s &quot;over&quot; &amp; out"), Not(HasSubstr("<script"))));
  EXPECT_THAT(answer.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer");
  EXPECT_THAT(answer.header("Content-Type"), HasSubstr("text/html"));
}

TEST_F(CallbackListenerTest, AnythingElseIsToldSo) {
  EXPECT_EQ(ask("GET /").status, 404);
  EXPECT_EQ(ask("GET /callback/x?code=1").status, 404);
  EXPECT_EQ(ask("POST /callback?code=1").status, 405);
  EXPECT_EQ(ask("HEAD /callback?code=1").status, 405);
  EXPECT_TRUE(queries.empty());
}

TEST_F(CallbackListenerTest, ATakenPortIsAnError) {
  loop.run([this] {
    CallbackListener other(loop.executor(), nullptr);
    const auto open = other.open({.port = port});
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, mcp::ErrorCode::io_error);
  });
}

TEST_F(CallbackListenerTest, AfterItsEndThePortIsFree) {
  loop.await(listener->close());
  loop.run([this] {
    CallbackListener other(loop.executor(), nullptr);
    EXPECT_TRUE(other.open({.port = port}));
  });
}

}  // namespace
}  // namespace oauth

#include "gateway/cli/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class EventTextTest : public testing::Test {
 protected:
  /// What is shown behind the time of day.
  std::string text(const std::string& type, const std::string& data) const {
    const std::string line = event_text({.id = "x.1", .type = type, .data = data}, console_);
    EXPECT_THAT(line.substr(0, 10), MatchesRegex("[0-2][0-9]:[0-5][0-9]:[0-6][0-9]  ")) << line;
    return line.substr(std::min<std::size_t>(line.size(), 10));
  }

  std::istringstream in_;
  std::ostringstream out_, err_;
  Console console_{.in = in_, .out = out_, .err = err_};
};

TEST_F(EventTextTest, Servers) {
  const auto server = [this](const std::string& members) {
    return text("server", R"({"at":"2026-01-02T03:04:05.000Z","server":{"name":"files",)" + members + "}}");
  };
  EXPECT_EQ(server(R"("state":"starting","phase":"initialize","tools":0)"), "files  starting (initialize)\n");
  EXPECT_EQ(server(R"("state":"ready","tools":1)"), "files  ready: 1 tool\n");
  EXPECT_THAT(server(R"("state":"ready","tools":1,"openUntil":"2199-01-01T00:00:00.000Z")"),
              HasSubstr("files  ready: Requests got no answer, one after another: it is left alone for "));
  EXPECT_EQ(server(R"("state":"removed")"), "files  removed\n");
  EXPECT_EQ(server(R"("state":"dormant","tools":3)"), "files  dormant\n");
  EXPECT_EQ(
      server(R"("state":"failed","tools":0,"cause":{"reason":"spawn_failed","message":"no such\nfile","remedy":"Install it."})"),
      "files  failed: no such file. Install it.\n");
  EXPECT_EQ(server(R"("state":"starting","tools":3,"cause":{"reason":"exited","message":"it ended"})"),
            "files  starting: it ended\n");
}

TEST_F(EventTextTest, Tools) {
  EXPECT_EQ(text("tools", R"({"server":"files","gained":["a","b","c","d","e","f"],"lost":["x"],"changed":[]})"),
            "files  6 tools came: a, b, c, d, e, …; 1 tool went: x\n");
  EXPECT_EQ(text("tools", R"({"server":"files","gained":[],"lost":[],"changed":["y"],"more":7})"),
            "files  1 tool changed: y; and 7 more\n");
}

TEST_F(EventTextTest, TheGateway) {
  EXPECT_EQ(text("reload", R"({"trigger":"file","plan":{"summary":"1 restart"}})"), "reload (file): 1 restart\n");
  EXPECT_EQ(text("reload", R"({"trigger":"file","error":{"message":"it is broken","remedy":"Mend it."}})"),
            "reload failed, and nothing has changed: it is broken. Mend it.\n");
  EXPECT_THAT(text("gateway", R"({"ready":true,"settled":true,"stopping":false})"), HasSubstr("gateway  ready: every server"));
  EXPECT_THAT(text("gateway", R"({"ready":true,"settled":false,"stopping":false})"), HasSubstr("gateway  ready: some servers"));
  EXPECT_THAT(text("gateway", R"({"ready":false,"settled":true,"stopping":false})"), HasSubstr("gateway  not ready"));
  EXPECT_EQ(text("gateway", R"({"ready":true,"settled":true,"stopping":true})"), "gateway  stopping\n");
  EXPECT_EQ(text("environments", R"({"environments":[{"name":"box","available":false,"why":"its probe failed"}]})"),
            "environment box  away: its probe failed\n");
}

TEST_F(EventTextTest, ASnapshotIsALineForEachServer) {
  EXPECT_THAT(text("snapshot", R"({"servers":[{"name":"a","state":"ready","tools":2},{"name":"b","state":"disabled"}]})"),
              MatchesRegex("a  ready: 2 tools\n..:..:..  b  disabled\n"));
}

TEST_F(EventTextTest, WhatIsNotKnownIsPassedOver) {
  EXPECT_EQ(event_text({.id = "x.1", .type = "weather", .data = "{}"}, console_), "");
}

}  // namespace
}  // namespace gateway

#include "gateway/host/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/time_text.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using nlohmann::json;

class EventFeedTest : public testing::Test {
 protected:
  /// The data of what was added since the last time, without its time.
  json next(const std::string& type, const std::string& server = "") {
    const auto events = log_.after(seen_);
    seen_ = log_.last();
    if (!events || events->size() != 1) {
      ADD_FAILURE() << (events ? events->size() : 0) << " events";
      return {};
    }
    EXPECT_EQ(events->front()->type, type);
    EXPECT_EQ(events->front()->server, server);
    EXPECT_EQ(events->front()->data.find('\n'), std::string::npos);
    json data = json::parse(events->front()->data);
    EXPECT_TRUE(parse_rfc3339(data.at("at").get<std::string>()));
    data.erase("at");
    return data;
  }

  bool is_quiet() const { return log_.last() == seen_; }

  EventLog log_;
  EventFeed feed_{log_};
  std::uint64_t seen_ = 0;
};

TEST_F(EventFeedTest, AServerIsShownAsTheListShowsIt) {
  feed_.server_changed(sample_status().servers[1]);
  const json data = next("server", "linear");
  EXPECT_EQ(data.at("server").at("state"), "backing_off");
  EXPECT_EQ(data.at("server").at("cause").at("reason"), "connect_failed");
}

TEST_F(EventFeedTest, AServerThatDoesNotRunAnyMore) {
  feed_.server_absent(sample_status().absent[0]);
  EXPECT_EQ(next("server", "off").at("server").at("state"), "disabled");
  feed_.server_removed(ServerName("files"));
  EXPECT_EQ(next("server", "files"), json::parse(R"({"server":{"name":"files","state":"removed"}})"));
}

TEST_F(EventFeedTest, ToolsByName) {
  feed_.tools_changed(ServerName("files"), {.gained = {"a", "b"}, .lost = {"c"}, .changed = {"d\"\n"}});
  EXPECT_EQ(next("tools", "files"), json::parse(R"({"server":"files","gained":["a","b"],"lost":["c"],"changed":["d\"\n"]})"));
  ToolChanges many;
  for (int i = 0; i < 50; ++i)
    many.gained.push_back("t" + std::to_string(i));
  feed_.tools_changed(ServerName("files"), many);
  const json data = next("tools", "files");
  EXPECT_EQ(data.at("gained").size(), 20U);
  EXPECT_EQ(data.at("more"), 30);
}

TEST_F(EventFeedTest, ReloadsWithTheirPlanOrTheirError) {
  feed_.reloaded("file", sample_plan());
  json data = next("reload");
  EXPECT_EQ(data.at("trigger"), "file");
  EXPECT_EQ(data.at("plan").at("servers").size(), 3U);
  feed_.reloaded("SIGHUP", mcp::fail(mcp::ErrorCode::config_invalid, "it is broken", "Mend it."));
  data = next("reload");
  EXPECT_EQ(data.at("error"), json::parse(R"({"reason":"config_invalid","message":"it is broken","remedy":"Mend it."})"));
}

TEST_F(EventFeedTest, EnvironmentsThatChanged) {
  EnvironmentStates states;
  feed_.environments_changed(states);
  EXPECT_TRUE(is_quiet());
  states["box"] = {.available = true, .instance = 1};
  states["mnt"] = {.available = false, .why = "its path does not exist"};
  feed_.environments_changed(states);
  EXPECT_EQ(next("environments").at("environments").size(), 2U);
  feed_.environments_changed(states);
  EXPECT_TRUE(is_quiet());
  states["box"].instance = 2;
  feed_.environments_changed(states);
  const json data = next("environments");
  ASSERT_EQ(data.at("environments").size(), 1U);
  EXPECT_EQ(data.at("environments").at(0).at("name"), "box");
}

TEST_F(EventFeedTest, TheGatewaysStateWhenItChanges) {
  feed_.gateway_is({});
  EXPECT_EQ(next("gateway"), json::parse(R"({"ready":false,"settled":false,"stopping":false})"));
  feed_.gateway_is({});
  EXPECT_TRUE(is_quiet());
  feed_.gateway_is({.ready = true, .settled = true});
  EXPECT_EQ(next("gateway"), json::parse(R"({"ready":true,"settled":true,"stopping":false})"));
}

}  // namespace
}  // namespace gateway

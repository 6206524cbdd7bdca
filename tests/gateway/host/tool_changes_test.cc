#include "gateway/host/tool_changes.h"

#include <gmock/gmock.h>

#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ToolChangesTest : public UpstreamTest {};

TEST_F(ToolChangesTest, WhatCameWhatWentAndWhatIsAnother) {
  const auto a = settle(remote("a", add_server({"same", "goes", "other"}).url()));
  settle(remote("b", add_server({"same"}).url()));
  const auto before = Projection::build(runtimes_, {});
  EXPECT_THAT(tool_changes(*before, *before), IsEmpty());

  auto other = FakeServer::tool("other");
  other["description"] = "another one now";
  servers_[0]->tools = {FakeServer::tool("same"), other, FakeServer::tool("comes")};
  mcp::run_until(loop_, [&] { return servers_[0]->streams() == 1; });
  servers_[0]->notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return !(tool_changes(*before, *Projection::build(runtimes_, {})).empty()); });
  const ToolChanges of_a{.gained = {"a__comes"}, .lost = {"a__goes"}, .changed = {"a__other"}};
  EXPECT_THAT(tool_changes(*before, *Projection::build(runtimes_, {})), ElementsAre(Pair("a", of_a)));

  const std::vector<std::shared_ptr<Runtime>> alone = {a};
  const auto changes = tool_changes(*before, *Projection::build(alone, {}));
  EXPECT_THAT(changes, ElementsAre(Pair("a", of_a), Pair("b", ToolChanges{.gained = {}, .lost = {"b__same"}, .changed = {}})));
  const auto back = tool_changes(*Projection::build(alone, {}), *before);
  EXPECT_THAT(back.at("b"), (ToolChanges{.gained = {"b__same"}, .lost = {}, .changed = {}}));
}

}  // namespace
}  // namespace gateway

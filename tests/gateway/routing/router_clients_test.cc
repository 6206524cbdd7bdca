// What is each client's own: the tools it sees, its log level.
#include <gmock/gmock.h>

#include "tests/gateway/routing/router_fixture.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using testing::ElementsAre;

class RouterClientsTest : public RouterTest {
 protected:
  void open_capable() {
    open();
    ask("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", {{"sampling", json::object()}}}});
  }
};

TEST_F(RouterClientsTest, AToolThatIsGoneIsGoneForClientsThatCanBeAsked) {
  auto& server = add_server({"a", "b"});
  settle(remote("s", server.url()));
  open_capable();
  EXPECT_THAT(listed(), ElementsAre("s__a", "s__b"));
  server.tools.pop_back();
  mcp::run_until(loop_, [&] { return server.streams() == 2; });
  server.notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&, before = catalogs_] { return catalogs_ > before; });
  EXPECT_THAT(listed(), ElementsAre("s__a"));
}

TEST_F(RouterClientsTest, ALevelThatIsSetBeforeAServerIsThereReachesIt) {
  auto& server = add_server({"a"});
  server.capabilities["logging"] = json::object();
  server.held_method = "initialize";
  const auto runtime = start(remote("s", server.url()));
  open_initialized();
  EXPECT_EQ(ask("logging/setLevel", {{"level", "error"}})["result"], json::object());
  EXPECT_EQ(server.count("logging/setLevel"), 0u);
  server.release();
  mcp::run_until(loop_, [&] { return server.count("logging/setLevel") == 1; });
  EXPECT_EQ(server.received.back()["params"]["level"], "error");
}

}  // namespace
}  // namespace gateway

#include "gateway/catalog/view.h"

#include <gmock/gmock.h>

#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using std::chrono::milliseconds;

class CountingListener final : public View::Listener {
 public:
  void joined(Runtime&) override {}

  void lists_changed(CatalogKinds changed) override {
    ++told;
    kinds = changed;
  }

  int told = 0;
  CatalogKinds kinds;  // told last
};

class ViewTest : public UpstreamTest {
 protected:
  std::shared_ptr<View> view() { return std::make_shared<View>(view_loop_.get_executor(), "/mcp", runtimes_, Naming{}); }

  /// A server whose list is empty, and a view of it made before it had started.
  std::shared_ptr<View> view_of_one_starting(const std::vector<std::string>& tools) {
    start(remote("s", add_server(tools).url()));
    auto made = view();
    mcp::run_until(loop_, [&] { return runtimes_.back()->settled().is_set(); });
    return made;
  }
};

TEST_F(ViewTest, ListenersAreToldOncePerBurst) {
  start(remote("one", add_server({"a"}).url()));
  start(remote("two", add_server({"b"}).url()));
  const auto both = view();
  CountingListener first, second;
  const View::Subscription one(both, first), two(both, second);
  for (const auto& runtime : runtimes_) {
    mcp::run_until(loop_, [&] { return runtime->settled().is_set(); });
    both->rebuild();
  }
  EXPECT_EQ(both->projection()->tools().routes().size(), 2u);
  EXPECT_EQ(first.told, 0);
  let_tell();
  EXPECT_EQ(first.told, 1);
  EXPECT_EQ(second.told, 1);
  EXPECT_EQ(first.kinds, CatalogKinds().set(index_of(CatalogKind::tools)));
}

TEST_F(ViewTest, KindsThatChangeOneAfterTheOtherAreToldTogether) {
  auto& server = add_server({"a"});
  server.capabilities = {{"tools", json::object()}, {"prompts", json::object()}, {"resources", json::object()}};
  settle(remote("s", server.url()));
  mcp::run_until(loop_, [&] { return server.streams() == 1; });
  const auto one = view();
  CountingListener listener;
  const View::Subscription subscription(one, listener);
  server.prompts.push_back(FakeServer::prompt("p"));
  server.templates.push_back(FakeServer::resource_template("t:{x}"));
  for (const std::string kind : {"prompts", "resources"}) {
    server.notify("notifications/" + kind + "/list_changed");
    const int before = catalogs_;
    mcp::run_until(loop_, [&] { return catalogs_ > before; });
    one->rebuild();
  }
  let_tell();
  EXPECT_EQ(listener.told, 1);
  EXPECT_EQ(listener.kinds, CatalogKinds().set(index_of(CatalogKind::prompts)).set(index_of(CatalogKind::templates)));
}

TEST_F(ViewTest, NobodyIsToldWhereNothingChanged) {
  const auto one = view_of_one_starting({"a"});
  one->rebuild();
  CountingListener listener;
  const View::Subscription subscription(one, listener);
  one->rebuild();
  let_tell();
  EXPECT_EQ(listener.told, 0);
}

TEST_F(ViewTest, ALaterChangeIsToldAgain) {
  auto& server = add_server({"a"});
  settle(remote("s", server.url()));
  mcp::run_until(loop_, [&] { return server.streams() == 1; });
  const auto one = view();
  CountingListener listener;
  const View::Subscription subscription(one, listener);
  for (const std::string tool : {"b", "c"}) {
    server.tools.push_back(FakeServer::tool(tool));
    server.notify("notifications/tools/list_changed");
    const int before = catalogs_;
    mcp::run_until(loop_, [&] { return catalogs_ > before; });
    one->rebuild();
    let_tell();
  }
  EXPECT_EQ(listener.told, 2);
}

TEST_F(ViewTest, AListenerThatLeftIsNotTold) {
  const auto one = view_of_one_starting({"a"});
  CountingListener leaving, staying;
  auto subscription = std::make_unique<View::Subscription>(one, leaving);
  const View::Subscription other(one, staying);
  one->rebuild();
  subscription.reset();
  let_tell();
  EXPECT_EQ(leaving.told, 0);
  EXPECT_EQ(staying.told, 1);
}

TEST_F(ViewTest, MayGoWhileAChangeWaitsToBeTold) {
  auto one = view_of_one_starting({"a"});
  CountingListener listener;
  auto subscription = std::make_unique<View::Subscription>(one, listener);
  one->rebuild();
  subscription.reset();
  one.reset();
  let_tell();
  EXPECT_EQ(listener.told, 0);
}

TEST_F(ViewTest, WaitsForTheFirstStartOfAll) {
  start(program("mute", {"never-initialize"}));
  start(remote("s", add_server({"a"}).url()));
  const auto both = view();
  EXPECT_FALSE(mcp::run_task(loop_, both->wait_settled(std::chrono::steady_clock::now() + milliseconds(30))));
  EXPECT_FALSE(both->settled());
  stop(runtimes_[0]);
  EXPECT_TRUE(mcp::run_task(loop_, both->wait_settled(std::chrono::steady_clock::time_point::max())));
  EXPECT_TRUE(both->settled());
  // Also where the time is over already.
  EXPECT_TRUE(mcp::run_task(loop_, both->wait_settled(std::chrono::steady_clock::now())));
}

TEST_F(ViewTest, KnowsItsMembers) {
  make(program("in", {"ok"}));
  const auto one = view();
  make(program("out", {"ok"}));
  EXPECT_TRUE(one->has(*runtimes_[0]));
  EXPECT_FALSE(one->has(*runtimes_[1]));
}

}  // namespace
}  // namespace gateway

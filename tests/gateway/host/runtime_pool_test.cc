// Runtimes that sleep, wake, take turns, belong to one client, and stay within limits; as clients of a gateway meet them.
#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "gateway/upstream/catalog_store.h"
#include "gateway/upstream/process_budget.h"
#include "tests/gateway/host/reload_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/processes.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Ne;

class RuntimePoolTest : public ReloadTest {
 protected:
  RuntimePoolTest() {
    dependencies_.identity_key = "k";
    keep_catalogs();
  }

  ~RuntimePoolTest() override {
    end();
    helpers_.join();
  }

  /// A gateway's new life knows what the last one has kept.
  void keep_catalogs() {
    dependencies_.catalogs = std::make_shared<CatalogStore>(loop_.get_executor(), helpers_, folder_.file("catalogs"));
  }

  void end() {
    clients_.clear();
    if (gateway_) mcp::run_task(loop_, gateway_->stop());
    gateway_.reset();
  }

  void start_again(std::vector<ServerSpec> servers) {
    end();
    keep_catalogs();
    config_.servers = servers;
    mcp::run_task(loop_, dependencies_.catalogs->load(digests_of(config_, "k")));
    start(std::move(servers));
  }

  void limit_processes(std::size_t processes) {
    dependencies_.budget = std::make_shared<ProcessBudget>(loop_.get_executor(), helpers_);
    dependencies_.budget->set_limits({.processes = processes});
  }

  RuntimeState state(const std::string& name) { return runtime(name)->state(); }

  void wait_for_state(const std::string& name, RuntimeState wanted) {
    mcp::run_until(loop_, [&] { return state(name) == wanted; });
  }

  boost::asio::thread_pool helpers_{1};
  mcp::TempFolder folder_;
};

TEST_F(RuntimePoolTest, ALazyServerShowsItsToolsAndStartsWithTheFirstCall) {
  ServerSpec lazy = program("files", {"ok"});
  lazy.start = StartMode::lazy;
  start({lazy});
  EXPECT_EQ(state("files"), RuntimeState::ready) << "nothing is known of it yet";
  start_again({lazy});
  EXPECT_EQ(state("files"), RuntimeState::dormant);
  EXPECT_EQ(spawned(), 1U);
  EXPECT_TRUE(gateway_->status().servers[0].stale);
  auto& client = open();
  EXPECT_THAT(client.tools(), ElementsAre("files__echo"));
  EXPECT_EQ(spawned(), 1U);
  EXPECT_EQ(client.call("files__echo", "hi"), "hi");
  EXPECT_EQ(spawned(), 2U);
  EXPECT_FALSE(gateway_->status().servers[0].stale);
  EXPECT_EQ(gateway_->status().servers[0].restarts, 0);
}

TEST_F(RuntimePoolTest, ListsAreThereBeforeTheServersAre) {
  start({program("files", {"ok"})});
  mcp::Gate gate;
  // Another program, under the identity of the one before: as slow as it likes.
  end();
  keep_catalogs();
  mcp::run_task(loop_, dependencies_.catalogs->load({}));  // what is still being written is there then
  ServerSpec slow = program("files", {"start-gate", gate.path()});
  config_.servers = {program("files", {"ok"})};
  const auto digest = digests_of(config_, "k").front();
  config_.servers = {slow};
  fs::copy_file(folder_.file("catalogs/" + digest + ".json"),
                folder_.file("catalogs/" + digests_of(config_, "k").front() + ".json"));
  mcp::run_task(loop_, dependencies_.catalogs->load(digests_of(config_, "k")));
  gateway_ = std::make_unique<Gateway>(dependencies_, config_);
  gateway_->start();
  EXPECT_THAT(open().tools(), ElementsAre("files__echo"));
  EXPECT_NE(state("files"), RuntimeState::ready);
  gate.open();
  wait_for_state("files", RuntimeState::ready);
}

TEST_F(RuntimePoolTest, AnIdleServerIsStoppedAndWokenByTheNextCall) {
  ServerSpec spec = program("files", {"ok"});
  spec.idle_stop = milliseconds(1);
  start({spec});
  const pid_t first = pid("files").value();
  wait_for_state("files", RuntimeState::dormant);
  EXPECT_TRUE(gateway_->ready());
  mcp::run_until(loop_, [&] { return runtime("files")->processes() == 0; });
  EXPECT_TRUE(mcp::wait_until_dead(first));
  auto& client = open();
  EXPECT_THAT(client.tools(), ElementsAre("files__echo"));
  EXPECT_EQ(client.call("files__echo", "back"), "back");
  EXPECT_EQ(gateway_->status().servers[0].restarts, 0);
  wait_for_state("files", RuntimeState::dormant);
}

TEST_F(RuntimePoolTest, ACallThatComesWhileItIsBeingStoppedIsServed) {
  start({program("files", {"exit-on-sigterm", folder_.file("said")})});
  auto& client = open();
  runtime("files")->sleep();
  EXPECT_EQ(state("files"), RuntimeState::dormant);
  EXPECT_EQ(client.call("files__echo", "hi"), "hi");
  EXPECT_EQ(spawned(), 2U);
}

TEST_F(RuntimePoolTest, OneThatIsAtWorkDoesNotSleep) {
  mcp::Gate gate;
  start({program("files", {"gate", gate.path()})});
  auto& client = open();
  const int call = client.begin_call("files__echo", "1");
  mcp::run_until(loop_, [&] { return runtime("files")->status().open_calls == 1; });
  runtime("files")->sleep();
  EXPECT_EQ(state("files"), RuntimeState::ready);
  gate.open();
  EXPECT_EQ(client.text_of(client.wait(call)), "1");
}

TEST_F(RuntimePoolTest, CallsBeyondTheLimitTakeTurnsAndAreCounted) {
  mcp::Gate gate;
  ServerSpec spec = program("files", {"gate", gate.path()});
  spec.max_concurrent = 1;
  start({spec});
  auto& client = open();
  std::vector<int> calls;
  for (int i = 0; i < 3; ++i)
    calls.push_back(client.begin_call("files__echo", std::to_string(i)));
  mcp::run_until(loop_, [&] { return gateway_->status().servers[0].queued == 2; });
  EXPECT_EQ(gateway_->status().servers[0].open_calls, 1U);
  gate.open();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(client.text_of(client.wait(calls[static_cast<std::size_t>(i)])), std::to_string(i));
  const auto status = gateway_->status();
  const auto& spent = status.calls.at("files");
  EXPECT_GT(spent.waited.seconds, 0);
  EXPECT_GT(spent.upstream.seconds, 0);
  EXPECT_NEAR(spent.total.seconds, spent.waited.seconds + spent.upstream.seconds + spent.gateway.seconds, 0.001);
}

TEST_F(RuntimePoolTest, QueuedCallsGoOnToTheServerThatReplacesTheirs) {
  mcp::Gate gate;
  ServerSpec spec = program("files", {"gate", gate.path()});
  spec.max_concurrent = 1;
  start({spec});
  auto& client = open();
  const int first = client.begin_call("files__echo", "1");
  const int second = client.begin_call("files__echo", "2");
  mcp::run_until(loop_, [&] { return gateway_->status().servers[0].queued == 1; });
  config_.servers = {program("files", {"ok"})};
  reload();
  EXPECT_EQ(client.text_of(client.wait(second)), "2") << "on the next one, while the first is still at work";
  EXPECT_FALSE(client.answers->contains(first));
  gate.open();
  EXPECT_EQ(client.text_of(client.wait(first)), "1");
}

TEST_F(RuntimePoolTest, EachSessionHasAProcessOfItsOwn) {
  ServerSpec spec = program("files", {"ok"});
  spec.isolation = Isolation::per_session;
  start({spec});
  auto& one = open();
  auto& two = open();
  EXPECT_THAT(one.tools(), ElementsAre("files__echo"));
  EXPECT_EQ(spawned(), 1U);
  EXPECT_EQ(one.call("files__echo", "1"), "1");
  EXPECT_EQ(two.call("files__echo", "2"), "2");
  EXPECT_EQ(one.call("files__echo", "3"), "3");
  EXPECT_EQ(spawned(), 3U);
  EXPECT_EQ(gateway_->status().servers[0].own_sessions, 2U);
  clients_.clear();
  run_ready();
  EXPECT_EQ(gateway_->status().servers[0].own_sessions, 0U);
}

TEST_F(RuntimePoolTest, APrincipalHasOneProcessForAllItsSessions) {
  ServerSpec spec = program("files", {"ok"});
  spec.isolation = Isolation::per_user;
  start({spec});
  EXPECT_EQ(open().call("files__echo", "1"), "1");
  EXPECT_EQ(open().call("files__echo", "2"), "2");
  EXPECT_EQ(spawned(), 2U);
}

TEST_F(RuntimePoolTest, OnlySoManyProgramsRunAtOnce) {
  limit_processes(2);
  start({program("a", {"ok"}), program("b", {"ok"}), program("c", {"ok"})});
  EXPECT_EQ(spawned(), 3U) << "each was started once, to see what it offers";
  auto& client = open();
  EXPECT_THAT(client.tools(), ElementsAre("a__echo", "b__echo", "c__echo"));
  for (const std::string name : {"a", "b", "c", "a", "b"}) {
    EXPECT_EQ(client.call(name + "__echo", name), name);
    EXPECT_LE(dependencies_.budget->processes(), 2U);
  }
}

TEST_F(RuntimePoolTest, ProgramsThatTakeTooMuchMemoryAreStopped) {
  dependencies_.budget = std::make_shared<ProcessBudget>(loop_.get_executor(), helpers_);
  start({program("files", {"hoard", "8000000"})});
  dependencies_.budget->set_limits({.memory_mib = 4});
  dependencies_.budget->start();
  wait_for_state("files", RuntimeState::dormant);
  dependencies_.budget->stop();
  EXPECT_EQ(open().call("files__echo", "back"), "back");
}

TEST_F(RuntimePoolTest, WhatProgramsTakeIsInTheStatus) {
  dependencies_.budget = std::make_shared<ProcessBudget>(loop_.get_executor(), helpers_);
  start({program("files", {"ok"})});
  dependencies_.budget->start();
  mcp::run_until(loop_, [&] { return gateway_->status().servers[0].usage.has_value(); });
  EXPECT_EQ(gateway_->status().servers[0].usage->processes, 1U);
  EXPECT_GT(gateway_->status().servers[0].usage->memory, 0U);
  dependencies_.budget->stop();
}

TEST_F(RuntimePoolTest, WhereNoneCanStopAStartWaits) {
  limit_processes(1);
  mcp::Gate gate;
  start({program("a", {"gate", gate.path()})});
  auto& client = open();
  const int busy = client.begin_call("a__echo", "1");
  mcp::run_until(loop_, [&] { return runtime("a")->status().open_calls == 1; });
  config_.servers.push_back(program("b", {"ok"}));
  reload();
  run_ready();
  EXPECT_EQ(state("b"), RuntimeState::starting);
  gate.open();
  EXPECT_EQ(client.text_of(client.wait(busy)), "1");
  wait_for_state("b", RuntimeState::ready);
  EXPECT_EQ(state("a"), RuntimeState::dormant);
}

TEST_F(RuntimePoolTest, AStopWhileClientsOwnProcessesEndWaitsForThemAll) {
  ServerSpec spec = program("files", {"exit-on-sigterm", folder_.file("said")});
  spec.isolation = Isolation::per_session;
  start({spec});
  EXPECT_EQ(open().call("files__echo", "1"), "1");
  config_.servers.clear();
  reload();
  run_ready();
  EXPECT_EQ(gateway_->retiring(), 1U);
  clients_.clear();
  mcp::run_task(loop_, gateway_->stop());
  EXPECT_EQ(gateway_->retiring(), 0U);
  EXPECT_TRUE(mcp::child_processes().empty());
}

TEST_F(RuntimePoolTest, AClientWhoseOwnProcessFailedGetsAnother) {
  ServerSpec spec = program("files", {"ok"});
  std::string& command = std::get<StdioSpec>(spec.transport).command;
  const std::string link = folder_.file("server");
  fs::create_symlink(command, link);
  const std::string program = std::exchange(command, link);
  spec.isolation = Isolation::per_session;
  start({spec});
  auto& client = open();
  fs::remove(link);
  EXPECT_THAT(client.call("files__echo"), HasSubstr("does not exist"));
  fs::create_symlink(program, link);
  EXPECT_EQ(client.call("files__echo", "back"), "back");
}

TEST_F(RuntimePoolTest, ALowerLimitStopsNoMoreThanItMust) {
  limit_processes(0);
  start({program("a", {"exit-on-sigterm", folder_.file("a")}), program("b", {"ok"}), program("c", {"ok"})});
  dependencies_.budget->set_limits({.processes = 2});
  run_ready();
  dependencies_.budget->set_limits({.processes = 2});
  std::size_t dormant = 0;
  for (const auto& server : gateway_->status().servers)
    dormant += server.state == RuntimeState::dormant ? 1 : 0;
  EXPECT_EQ(dormant, 1U) << "also while the one that was stopped is still ending";
}

TEST_F(RuntimePoolTest, AServerThatIsNotThereAnyMoreIsFoundOutByAPing) {
  auto& web = add_server({"x"});
  ServerSpec spec = remote("web", web.url());
  spec.ping_interval = milliseconds(20);
  start({spec});
  mcp::run_until(loop_, [&] { return web.count("ping") >= 2; });
  EXPECT_EQ(state("web"), RuntimeState::ready);
  web.forget_sessions();
  mcp::run_until(loop_, [&] { return web.count("initialize") == 2; });
}

TEST_F(RuntimePoolTest, AServerThatFailsRequestAfterRequestIsLeftAloneForAWhile) {
  auto& web = add_server({"x"});
  ServerSpec spec = remote("web", web.url());
  spec.call_timeout = milliseconds(20);
  start({spec});
  web.held_method = "tools/call";
  auto& client = open();
  for (int i = 0; i < CircuitBreaker::kFailures; ++i)
    EXPECT_THAT(client.call("web__x"), HasSubstr("no answer within"));
  EXPECT_THAT(client.call("web__x"), HasSubstr("left alone for a while"));
  EXPECT_EQ(web.count("tools/call"), 5U);
  EXPECT_TRUE(gateway_->status().servers[0].open_until);
}

}  // namespace
}  // namespace gateway

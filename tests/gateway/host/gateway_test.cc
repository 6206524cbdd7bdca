#include "gateway/host/gateway.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "gateway/catalog/callable_name.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using mcp::Message;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;
using Clock = std::chrono::steady_clock;

class GatewayTest : public UpstreamTest {
 protected:
  ~GatewayTest() override {
    if (gateway_) mcp::run_task(loop_, gateway_->stop());
  }

  void make_gateway() { gateway_ = std::make_unique<Gateway>(dependencies_, config_); }

  void start() {
    make_gateway();
    gateway_->start();
  }

  void start_and_settle() {
    start();
    ASSERT_TRUE(mcp::run_task(loop_, gateway_->wait_settled(Clock::now() + std::chrono::seconds(30))));
  }

  ServerSpec fake(const std::string& name, const std::vector<std::string>& tools) { return remote(name, add_server(tools).url()); }

  static ServerSpec missing(const std::string& name) {
    ServerSpec spec = program(name, {});
    std::get<StdioSpec>(spec.transport).command = "/no/such/program";
    return spec;
  }

  static BrokenServer broken(const std::string& name, bool required = false) {
    return {ServerName(name), required, {ErrorCode::variable_missing, "variable KEY of " + name + " is not set", "Set KEY."}};
  }

  static ProfileSpec profile(const std::string& name, const std::vector<std::string>& servers) {
    ProfileSpec spec{.name = name, .servers = {}};
    for (const auto& server : servers)
      spec.servers.emplace_back(server);
    return spec;
  }

  static std::vector<std::string> names(const mcp::Result<ToolTable>& table) {
    std::vector<std::string> names;
    for (const auto& row : table->tools)
      names.push_back(row.name);
    return names;
  }

  /// What a new session at `path` lists; "404: …" where there is none.
  std::vector<std::string> listed_at(const std::string& path) {
    auto handler = gateway_->open_session(path);
    if (!handler) return {"404: " + handler.error().text()};
    auto session = mcp::ServerSession::create(std::move(*handler), {});
    mcp::ServerSession::Outlet outlet = [](const Message&) { return true; };
    Message hello = request("initialize", {{"protocolVersion", "2025-11-25"}});
    auto answer = mcp::run_task(loop_, session->serve(std::move(hello), outlet));
    if (answer->is_error()) return {std::string(answer->text())};
    Message list = request("tools/list");
    answer = mcp::run_task(loop_, session->serve(std::move(list), outlet));
    std::vector<std::string> names;
    const json listed = json::parse(answer->text());
    for (const auto& tool : listed["result"]["tools"])
      names.push_back(tool["name"]);
    return names;
  }

  Config config_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, ServesAllServersProfilesAndSingleOnes) {
  config_.servers = {fake("zoo", {"feed"}), fake("files", {"write", "read"}), fake("a b/ö", {"x"})};
  config_.profiles = {profile("coding", {"files"}), profile("none", {})};
  start_and_settle();
  EXPECT_THAT(listed_at("/mcp"),
              ElementsAre(callable_name(ServerName("a b/ö"), ToolName("x")).str(), "files__read", "files__write", "zoo__feed"));
  EXPECT_EQ(listed_at("/mcp/"), listed_at("/mcp"));
  EXPECT_THAT(listed_at("/mcp/coding"), ElementsAre("files__read", "files__write"));
  EXPECT_THAT(listed_at("/mcp/none"), ElementsAre());
  EXPECT_THAT(listed_at("/mcp/servers/files"), ElementsAre("write", "read"));
  EXPECT_THAT(listed_at("/mcp/servers/a%20b%2f%C3%B6"), ElementsAre("x"));
}

TEST_F(GatewayTest, AnEndpointThatIsNotThereSaysWhichThereAre) {
  config_.servers = {fake("files", {})};
  config_.profiles = {profile("coding", {"files"})};
  start();
  for (const std::string path :
       {"/mcp/servers", "/mcp/servers/", "/mcp/servers/files/", "/mcp/coding/", "/mcp/servers/FILES", "/x"}) {
    const auto handler = gateway_->open_session(path);
    ASSERT_FALSE(handler) << path;
    EXPECT_THAT(handler.error().text(), HasSubstr("/mcp/PROFILE and /mcp/servers/NAME")) << path;
  }
  EXPECT_EQ(gateway_->open_session("/mcp/nothing").error().text(), "there is no profile \"nothing\". There are: coding.");
  EXPECT_EQ(gateway_->open_session("/mcp/servers%2Ffiles").error().text(),
            "there is no profile \"servers/files\". There are: coding.");
}

TEST_F(GatewayTest, AServerThatIsOffOrBrokenSaysSoAtItsEndpoint) {
  ServerSpec off = fake("off", {"x"});
  off.enabled = false;
  config_.servers = {std::move(off), fake("on", {}), fake("last", {})};
  config_.broken = {broken("bad")};
  config_.broken[0].place = 2;
  start_and_settle();
  EXPECT_THAT(gateway_->open_session("/mcp/servers/off").error().message, HasSubstr("switched off"));
  EXPECT_EQ(gateway_->open_session("/mcp/servers/bad").error().code, ErrorCode::variable_missing);
  EXPECT_THAT(listed_at("/mcp"), ElementsAre());
  const auto status = gateway_->status();
  ASSERT_EQ(status.absent.size(), 2u);
  EXPECT_EQ(status.absent[0].name, ServerName("off"));
  EXPECT_EQ(status.absent[0].why.code, ErrorCode::server_unavailable);
  EXPECT_EQ(status.absent[0].place, 0u);
  EXPECT_EQ(status.absent[0].kind, AbsentServer::Kind::disabled);
  EXPECT_EQ(status.absent[1].name, ServerName("bad"));
  EXPECT_EQ(status.absent[1].place, 1u);
  EXPECT_EQ(status.absent[1].kind, AbsentServer::Kind::broken);
}

TEST_F(GatewayTest, TheStatusCountsTheToolsThatAreOffered) {
  config_.servers = {fake("files", {"read", "write", "delete"})};
  config_.servers[0].tools_deny = {"delete"};
  start_and_settle();
  EXPECT_EQ(gateway_->status().servers.at(0).tools, 2u);
}

TEST_F(GatewayTest, AProfileSaysNothingOfServersThatAreNotItsOwn) {
  config_.servers = {fake("files", {})};
  config_.broken = {broken("priv"), broken("own")};
  config_.profiles = {profile("p", {"files", "own"})};
  start_and_settle();
  const auto call = [&](const std::string& tool) {
    auto session = mcp::ServerSession::create(std::move(*gateway_->open_session("/mcp/p")), {});
    const mcp::ServerSession::Outlet outlet = [](const Message&) { return true; };
    mcp::run_task(loop_, session->serve(request("initialize", {{"protocolVersion", "2025-11-25"}}), outlet));
    return std::string(mcp::run_task(loop_, session->serve(tool_call(tool), outlet))->text());
  };
  EXPECT_THAT(call("priv__x"), HasSubstr("unknown_tool"));
  EXPECT_THAT(call("own__x"), HasSubstr("variable KEY of own is not set"));
}

TEST_F(GatewayTest, OptionalServersNeedNotStart) {
  config_.servers = {missing("gone"), fake("files", {"read"})};
  config_.servers[1].required = true;
  config_.broken = {broken("bad")};
  make_gateway();
  EXPECT_FALSE(gateway_->ready());
  gateway_->start();
  EXPECT_TRUE(mcp::run_task(loop_, gateway_->wait_required()));
  EXPECT_TRUE(gateway_->ready());
}

TEST_F(GatewayTest, RequiredServersThatFailAreAllListed) {
  config_.servers = {missing("gone"), fake("files", {"read"}), program("licence", {"exit-before-init", "3"})};
  for (auto& spec : config_.servers)
    spec.required = true;
  config_.broken = {broken("bad", true), broken("whatever")};
  start();
  const auto required = mcp::run_task(loop_, gateway_->wait_required());
  ASSERT_FALSE(required);
  EXPECT_EQ(required.error().code, ErrorCode::variable_missing);
  EXPECT_THAT(required.error().message, HasSubstr("\n  bad: variable KEY of bad is not set. Set KEY."));
  EXPECT_THAT(required.error().message, HasSubstr("\n  gone: command '/no/such/program' does not exist"));
  EXPECT_THAT(required.error().message, HasSubstr("\n  licence: "));
  EXPECT_THAT(required.error().message, testing::Not(HasSubstr("files")));
  EXPECT_THAT(required.error().message, testing::Not(HasSubstr("whatever")));
  EXPECT_FALSE(gateway_->ready());
}

TEST_F(GatewayTest, AStopEndsEveryWait) {
  config_.servers = {program("mute", {"never-initialize"})};
  config_.servers[0].required = true;
  start();
  std::optional<mcp::Result<>> required;
  std::optional<bool> settled;
  mcp::spawn_task(loop_, gateway_->wait_required(), required);
  mcp::spawn_task(loop_, gateway_->wait_settled(Clock::time_point::max()), settled);
  run_ready();
  EXPECT_FALSE(required);
  mcp::run_task(loop_, gateway_->stop());
  mcp::run_until(loop_, [&] { return required && settled; });
  EXPECT_FALSE(*required);
  EXPECT_TRUE(*settled);
}

TEST_F(GatewayTest, WaitSettledTellsWhetherAllHave) {
  config_.servers = {program("mute", {"never-initialize"}), fake("files", {"read"})};
  start();
  EXPECT_FALSE(mcp::run_task(loop_, gateway_->wait_settled(Clock::now() + milliseconds(30))));
}

TEST_F(GatewayTest, ListsTheToolsOfAProfile) {
  ServerSpec files = fake("files", {"read", "write"});
  files.tools_deny = {"write"};
  config_.servers = {std::move(files), fake("zoo", {"feed"})};
  config_.profiles = {profile("coding", {"files"}), profile("animals", {"zoo"})};
  start_and_settle();
  EXPECT_THAT(names(gateway_->tools("")), ElementsAre("files__read", "zoo__feed"));
  const auto table = gateway_->tools("coding");
  ASSERT_THAT(names(table), ElementsAre("files__read"));
  EXPECT_EQ(table->tools[0].server, "files");
  EXPECT_EQ(table->tools[0].tool, "read");
  EXPECT_EQ(json::parse(table->tools[0].json)["name"], "files__read");
  const auto none = gateway_->tools("cooking");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::config_invalid);
  EXPECT_EQ(none.error().text(), "there is no profile \"cooking\". There are: animals, coding.");
}

TEST_F(GatewayTest, AChangedListReachesEveryViewThatShowsIt) {
  config_.servers = {fake("files", {"a"}), fake("zoo", {"feed"})};
  config_.profiles = {profile("coding", {"files"})};
  start_and_settle();
  EXPECT_THAT(listed_at("/mcp/servers/files"), ElementsAre("a"));
  mcp::run_until(loop_, [&] { return servers_[0]->streams() == 1; });
  servers_[0]->tools.push_back(FakeServer::tool("b"));
  servers_[0]->notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return gateway_->tools("")->tools.size() == 3; });
  EXPECT_THAT(names(gateway_->tools("coding")), ElementsAre("files__a", "files__b"));
  EXPECT_THAT(listed_at("/mcp/servers/files"), ElementsAre("a", "b"));
}

TEST_F(GatewayTest, StatusCountsWhatWasStartedAndTellsOfChanges) {
  config_.file = "/some/where.json";
  config_.servers = {program("files", {"ok"}), program("zoo", {"ok"})};
  make_gateway();
  std::vector<std::string> changes;
  std::vector<std::string> gained;
  gateway_->listen({.server_changed =
                        [&](const Runtime& server) {
                          const auto status = server.status();
                          changes.push_back(status.name.str() + " " + std::string(to_string(status.state)) + " " + status.phase);
                        },
                    .server_absent = {},
                    .server_removed = {},
                    .tools_changed =
                        [&](const ServerName&, const ToolChanges& tools) {
                          EXPECT_THAT(tools.lost, IsEmpty());
                          gained.insert(gained.end(), tools.gained.begin(), tools.gained.end());
                        }});
  EXPECT_FALSE(gateway_->settled());
  gateway_->start();
  ASSERT_TRUE(mcp::run_task(loop_, gateway_->wait_settled(Clock::time_point::max())));
  EXPECT_TRUE(gateway_->settled());
  std::ranges::sort(changes);
  EXPECT_THAT(changes,
              ElementsAre("files ready ",
                          "files starting initialize",
                          "files starting process",
                          "files starting tools/list",
                          "zoo ready ",
                          "zoo starting initialize",
                          "zoo starting process",
                          "zoo starting tools/list"));
  EXPECT_THAT(gained, UnorderedElementsAreArray(names(gateway_->tools(""))));
  const auto status = gateway_->status();
  EXPECT_EQ(status.spawned, 2u);
  EXPECT_EQ(status.config_file, "/some/where.json");
  EXPECT_TRUE(status.ready);
  ASSERT_EQ(status.servers.size(), 2u);
  EXPECT_EQ(status.servers[0].name, ServerName("files"));
  mcp::run_task(loop_, gateway_->stop());
  EXPECT_THAT(changes, SizeIs(8));
  for (const auto& server : gateway_->status().servers)
    EXPECT_EQ(server.state, RuntimeState::stopped);
}

TEST_F(GatewayTest, EachEntryHasAProcessOfItsOwn) {
  config_.servers = {program("one", {"ok"}), program("two", {"ok"})};
  start_and_settle();
  const auto status = gateway_->status();
  EXPECT_NE(status.servers[0].pid, status.servers[1].pid);
}

TEST_F(GatewayTest, ASessionMayOutliveTheServers) {
  config_.servers = {program("files", {"ok"})};
  start_and_settle();
  auto session = mcp::ServerSession::create(*gateway_->open_session("/mcp"), {});
  mcp::ServerSession::Outlet outlet = [](const Message&) { return true; };
  Message hello = request("initialize", {{"protocolVersion", "2025-11-25"}});
  ASSERT_TRUE(mcp::run_task(loop_, session->serve(std::move(hello), outlet)));
  mcp::run_task(loop_, gateway_->stop());
  Message call = tool_call("files__echo");
  const auto answer = mcp::run_task(loop_, session->serve(std::move(call), outlet));
  EXPECT_THAT(std::string(answer->text()), HasSubstr("server \\\"files\\\" is stopped"));
}

}  // namespace
}  // namespace gateway

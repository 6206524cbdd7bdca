#include "gateway/routing/router.h"

#include <gmock/gmock.h>
#include <map>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_fixture.h"
#include "tests/support/gate.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using mcp::Message;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(RouterTest, IntroducesItselfInTheClientsRevision) {
  for (const auto& [wanted, given] : std::map<std::string, std::string>{{"2024-11-05", "2024-11-05"},
                                                                        {"2025-03-26", "2025-03-26"},
                                                                        {"2025-06-18", "2025-06-18"},
                                                                        {"2025-11-25", "2025-11-25"},
                                                                        {"2026-07-28", "2025-11-25"},
                                                                        {"1.0", "2025-11-25"}}) {
    open();
    const json result = ask("initialize", {{"protocolVersion", wanted}, {"capabilities", json::object()}})["result"];
    EXPECT_EQ(result["protocolVersion"], given);
    EXPECT_EQ(result["serverInfo"]["name"], "switchyard");
    json capabilities = {{"tools", {{"listChanged", true}}},
                         {"prompts", {{"listChanged", true}}},
                         {"resources", {{"listChanged", true}, {"subscribe", true}}},
                         {"logging", json::object()}};
    if (given != "2024-11-05") capabilities["completions"] = json::object();
    if (given == "2025-11-25") capabilities["tasks"] = json::parse(R"({"list":{},"cancel":{},"requests":{"tools":{"call":{}}}})");
    EXPECT_EQ(result["capabilities"], capabilities);
    EXPECT_FALSE(result.contains("instructions"));
  }
}

TEST_F(RouterTest, AViewOfOneServerIntroducesThatServer) {
  auto& server = add_server({"a"});
  server.answer = [&](const json& request) -> std::optional<json> {
    if (request["method"] != "initialize") return std::nullopt;
    return json{{"protocolVersion", "2025-03-26"},
                {"capabilities", {{"tools", json::object()}}},
                {"serverInfo", {{"name", "theirs"}, {"version", "3"}}},
                {"instructions", "be \"kind\""}};
  };
  start(remote("s", server.url()));
  open({.own_names = true});
  const json result = ask("initialize", {{"protocolVersion", "2025-06-18"}})["result"];
  EXPECT_EQ(result["serverInfo"], json({{"name", "theirs"}, {"version", "3"}}));
  EXPECT_EQ(result["instructions"], "be \"kind\"");
  EXPECT_EQ(result["protocolVersion"], "2025-06-18");
  EXPECT_THAT(listed(), ElementsAre("a"));
  EXPECT_EQ(call("a")["result"]["content"][0]["text"], "called a");
}

TEST_F(RouterTest, AViewOfOneServerThatIsDownSaysSo) {
  settle(program("licence", {"exit-before-init", "3"}));
  open({.own_names = true});
  const json error = ask("initialize", {{"protocolVersion", "2025-11-25"}})["error"];
  EXPECT_EQ(error["code"], mcp::kInternalError);
  EXPECT_EQ(error["data"]["reason"], "server_unavailable");
  EXPECT_THAT(error["message"], StartsWith("server \"licence\" is down and will be tried again shortly: "));
  EXPECT_FALSE(session_->initialized());
}

TEST_F(RouterTest, CallsTheToolUnderTheNameItsServerKnows) {
  auto& server = add_server({"a.b"});
  settle(remote("s", server.url()));
  open_initialized();
  const auto names = listed();
  ASSERT_EQ(names.size(), 1u);
  const json answer = call(names[0], {{"x", 1}});
  EXPECT_EQ(answer["result"]["content"][0]["text"], "called a.b");
  EXPECT_EQ(server.received.back()["params"], json({{"name", "a.b"}, {"arguments", {{"x", 1}}}}));
  EXPECT_EQ(metrics_.servers().at("s").outcomes.at("ok"), 1u);
}

TEST_F(RouterTest, ARenamedToolIsCalledByItsOwnNameOnItsServer) {
  auto& server = add_server({"a.b"});
  ServerSpec spec = remote("s", server.url());
  spec.tools_override["a.b"] = {.name = "ask"};
  settle(std::move(spec));
  open_initialized();
  EXPECT_EQ(listed(), std::vector<std::string>{"s__ask"});
  EXPECT_EQ(call("s__ask")["result"]["content"][0]["text"], "called a.b");
  EXPECT_EQ(server.received.back()["params"]["name"], "a.b");
  open_initialized({.own_names = true});
  EXPECT_EQ(listed(), std::vector<std::string>{"a.b"});
  EXPECT_EQ(call("a.b")["result"]["content"][0]["text"], "called a.b");
}

TEST_F(RouterTest, AServersOwnErrorPassesAndCounts) {
  auto& server = add_server({"a"});
  server.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "tools/call") return std::nullopt;
    return json{{"error", {{"code", -32042}, {"message", "sign first"}, {"data", {1}}}}};
  };
  settle(remote("s", server.url()));
  open_initialized();
  EXPECT_EQ(call("s__a")["error"], json({{"code", -32042}, {"message", "sign first"}, {"data", {1}}}));
  EXPECT_EQ(metrics_.servers().at("s").outcomes.at("rpc_error"), 1u);
}

TEST_F(RouterTest, AnUnknownToolNamesTheNearest) {
  settle(remote("files", add_server({"echo"}).url()));
  open_initialized();
  const json near = call("files__ecoh")["error"];
  EXPECT_EQ(near["code"], mcp::kInvalidParams);
  EXPECT_EQ(near["message"], "there is no tool \"files__ecoh\". Did you mean \"files__echo\"? See tools/list for those there are.");
  EXPECT_EQ(near["data"]["reason"], "unknown_tool");
  const json far = call("weather")["error"];
  EXPECT_EQ(far["message"], "there is no tool \"weather\". See tools/list for those there are.");
  EXPECT_EQ(metrics_.servers().size(), 1u);
  EXPECT_EQ(metrics_.servers().at("").outcomes.at("unknown_tool"), 2u);
}

TEST_F(RouterTest, ARenamedToolIsNamedToWhoKnowsItsOwnName) {
  ServerSpec spec = remote("files", add_server({"read_file", "edit_file", "write_file"}).url());
  spec.tools_override["read_file"].name = "cat";
  spec.tools_override["write_file"].name = "put";
  spec.tools_deny = {"write_*"};
  settle(std::move(spec));
  open_initialized();
  const json renamed = call("files__read_file")["error"];
  EXPECT_EQ(renamed["code"], mcp::kInvalidParams);
  EXPECT_EQ(renamed["data"]["reason"], "unknown_tool");
  EXPECT_EQ(renamed["message"], "tool \"files__read_file\" is called \"files__cat\" here. Call \"files__cat\".");
  EXPECT_EQ(call("files__write_file")["error"]["data"]["reason"], "tool_filtered");
  EXPECT_EQ(metrics_.servers().at("files").outcomes.at("unknown_tool"), 1u);
}

TEST_F(RouterTest, AToolsOwnNameLeadsToItWhereNoOtherHasIt) {
  settle(remote("everything", add_server({"echo", "both"}).url()));
  settle(remote("other", add_server({"both"}).url()));
  open_initialized();
  EXPECT_EQ(call("echo")["error"]["message"],
            "there is no tool \"echo\". Did you mean \"everything__echo\"? See tools/list for those there are.");
  EXPECT_EQ(call("both")["error"]["message"], "there is no tool \"both\". See tools/list for those there are.");
}

TEST_F(RouterTest, AFilteredToolSaysWhoKeepsItBack) {
  ServerSpec spec = remote("files", add_server({"read", "delete_all"}).url());
  spec.tools_deny = {"delete_*"};
  settle(std::move(spec));
  open_initialized();
  const json error = call("files__delete_all")["error"];
  EXPECT_EQ(error["code"], mcp::kInvalidParams);
  EXPECT_EQ(error["data"]["reason"], "tool_filtered");
  EXPECT_EQ(error["message"],
            "tool \"files__delete_all\" is kept back by the configuration (tools.allow / tools.deny of server \"files\"). "
            "Use another tool, or ask whoever runs the gateway to allow it.");
  EXPECT_EQ(servers_[0]->count("tools/call"), 0u);
  EXPECT_EQ(metrics_.servers().at("files").outcomes.at("tool_filtered"), 1u);
}

TEST_F(RouterTest, AToolOfAServerThatNeverCameUpSaysWhy) {
  ServerSpec spec = program("gone", {});
  std::get<StdioSpec>(spec.transport).command = "/no/such/program";
  settle(std::move(spec));
  open_initialized();
  const json result = call("gone__x")["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["_meta"]["switchyard/error"]["reason"], "server_unavailable");
  const std::string text = result["content"][0]["text"];
  EXPECT_THAT(text, StartsWith("tool \"gone__x\" is not there: server \"gone\" is down and is not tried again: "));
  EXPECT_THAT(text, HasSubstr("/no/such/program"));
}

TEST_F(RouterTest, AToolOfAnAbsentServerSaysWhy) {
  absent_.push_back({ServerName("off"), {ErrorCode::server_unavailable, "server \"off\" is switched off", "Enable it."}});
  absent_.push_back({ServerName("bad"), {ErrorCode::variable_missing, "variable KEY is not set", "Set it."}});
  open_initialized();
  const json off = call("off__x")["result"];
  EXPECT_EQ(off["content"][0]["text"], "tool \"off__x\" is not there: server \"off\" is switched off. Enable it.");
  EXPECT_EQ(off["_meta"]["switchyard/error"]["reason"], "server_unavailable");
  EXPECT_EQ(call("bad__x")["result"]["content"][0]["text"], "tool \"bad__x\" is not there: variable KEY is not set. Set it.");
}

TEST_F(RouterTest, AToolOfAServerWhoseNameWasReplacedSaysWhy) {
  absent_.push_back({ServerName("my server"), {ErrorCode::variable_missing, "variable KEY is not set", "Set it."}});
  open_initialized();
  EXPECT_EQ(call("my_server__echo_8c33501a")["result"]["_meta"]["switchyard/error"]["server"], "my server");
  EXPECT_EQ(call("my_server__echo")["error"]["data"]["reason"], "unknown_tool");
}

TEST_F(RouterTest, AKnownToolOfAServerThatWasLostIsAToolError) {
  settle(program("crashing", {"crash"}));
  open_initialized();
  const json crashed = call("crashing__echo")["result"];
  EXPECT_EQ(crashed["isError"], true);
  EXPECT_THAT(crashed["content"][0]["text"], StartsWith("calling \"echo\" of server \"crashing\" failed: "));
  EXPECT_THAT(crashed["content"][0]["text"], HasSubstr("signal 11"));
  EXPECT_EQ(crashed["_meta"]["switchyard/error"]["reason"], "exited");
  EXPECT_EQ(crashed["_meta"]["switchyard/error"]["server"], "crashing");

  wait_for(*runtimes_[0], RuntimeState::backing_off);
  const json down = call("crashing__echo")["result"];
  EXPECT_EQ(down["isError"], true);
  EXPECT_THAT(down["content"][0]["text"], StartsWith("server \"crashing\" is down and will be tried again shortly: "));
  EXPECT_EQ(down["_meta"]["switchyard/error"]["reason"], "server_unavailable");
  // The list still shows it.
  EXPECT_THAT(listed(), ElementsAre("crashing__echo"));
  const auto& outcomes = metrics_.servers().at("crashing").outcomes;
  EXPECT_EQ(outcomes.at("exited"), 1u);
  EXPECT_EQ(outcomes.at("server_unavailable"), 1u);
}

TEST_F(RouterTest, ACallThatTakesTooLongIsAToolErrorThatNamesTheSetting) {
  ServerSpec spec = program("late", {"late-answer"});
  spec.call_timeout = milliseconds(50);
  settle(std::move(spec));
  open_initialized();
  const json result = call("late__echo")["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["_meta"]["switchyard/error"]["reason"], "timeout");
  EXPECT_THAT(result["content"][0]["text"], HasSubstr("callTimeout"));
}

TEST_F(RouterTest, ACancelledCallGetsNoAnswerAndTheServerHears) {
  auto& server = add_server({"a"});
  server.held_method = "tools/call";
  settle(remote("s", server.url()));
  open_initialized();
  spawn(1, "tools/call", {{"name", "s__a"}});
  mcp::run_until(loop_, [&] { return server.count("tools/call") == 1; });
  session_->accept(*Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"));
  mcp::run_until(loop_, [&] { return answered(1); });
  EXPECT_TRUE(answers_["1"].is_null());
  mcp::run_until(loop_, [&] { return server.count("notifications/cancelled") == 1; });
  EXPECT_EQ(server.received.back()["params"]["requestId"], server.received[server.received.size() - 2]["id"]);
}

TEST_F(RouterTest, TheFirstListWaitsForServersThatStartAndTheSecondDoesNot) {
  auto& server = add_server({"a"});
  server.held_method = "tools/list";
  start(remote("s", server.url()));
  open_initialized();
  spawn(1, "tools/list", json::object());
  EXPECT_FALSE(answered(1));
  spawn(2, "tools/list", json::object());
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(answers_["2"]["result"], json({{"tools", json::array()}}));
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 1; });
  server.release();
  mcp::run_until(loop_, [&] { return runtimes_[0]->settled().is_set(); });
  mcp::run_until(loop_, [&] { return answered(1); });
  EXPECT_EQ(answers_["1"]["result"]["tools"][0]["name"], "s__a");
}

TEST_F(RouterTest, TheFirstListWaitsOnlySoLong) {
  start(program("mute", {"never-initialize"}));
  settle(remote("s", add_server({"a"}).url()));
  open_initialized({}, milliseconds(30));
  EXPECT_THAT(listed(), ElementsAre("s__a"));
}

TEST_F(RouterTest, ACallOfANameThatIsNotThereYetWaits) {
  mcp::Gate gate;
  start(program("files", {"start-gate", gate.path()}));
  open_initialized();
  spawn(1, "tools/call", {{"name", "files__echo"}, {"arguments", {{"text", "hello"}}}});
  EXPECT_FALSE(answered(1));
  gate.open();
  mcp::run_until(loop_, [&] { return runtimes_[0]->settled().is_set(); });
  mcp::run_until(loop_, [&] { return answered(1); });
  EXPECT_EQ(answers_["1"]["result"]["content"][0]["text"], "hello");
}

TEST_F(RouterTest, TheWaitForAStartEndsWhenTheRequestIsTakenBack) {
  start(program("mute", {"never-initialize"}));
  open_initialized();
  spawn(1, "tools/list", json::object());
  spawn(2, "tools/call", {{"name", "mute__echo"}});
  EXPECT_FALSE(answered(1));
  EXPECT_FALSE(answered(2));
  for (const std::string id : {"1", "2"})
    session_->accept(*Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + id + "}}"));
  run_ready();
  ASSERT_TRUE(answered(1));
  ASSERT_TRUE(answered(2));
  EXPECT_TRUE(answers_["2"].is_null());
}

TEST_F(RouterTest, PagesByCursor) {
  settle(remote("s", add_server({"a", "b", "c", "d", "e"}).url()));
  open_initialized();
  EXPECT_THAT(listed(), ElementsAre("s__a", "s__b", "s__c", "s__d", "s__e"));
  for (const json& cursor : {json(7), json(true), json(json::array()), json("mine")}) {
    const json error = ask("tools/list", {{"cursor", cursor}})["error"];
    EXPECT_EQ(error["code"], mcp::kInvalidParams) << cursor;
    EXPECT_EQ(error["data"]["reason"], "invalid_params");
  }
  EXPECT_EQ(ask("tools/list", {{"cursor", ""}})["result"]["tools"].size(), 2u);
}

TEST_F(RouterTest, ACallNeedsAName) {
  open_initialized();
  for (const json& params : {json::object(), json{{"name", ""}}, json{{"name", 5}}, json{{"arguments", json::object()}}}) {
    EXPECT_EQ(ask("tools/call", params)["error"]["code"], mcp::kInvalidParams) << params;
  }
}

TEST_F(RouterTest, OtherMethodsAreNotThere) {
  open_initialized();
  EXPECT_EQ(ask("ping")["result"], json::object());
  for (const std::string method : {"tools/call/x", "rpc.discover", "resources/templates"}) {
    const json error = ask(method)["error"];
    EXPECT_EQ(error["code"], mcp::kMethodNotFound);
    EXPECT_THAT(error["message"], HasSubstr(method));
  }
}

TEST_F(RouterTest, AChangeThatWasListedAlreadyIsNotTold) {
  start(remote("s", add_server({"a"}).url()));
  open_initialized();
  // The first list waits for the server; the telling of its coming up is still to come then.
  EXPECT_THAT(listed(), ElementsAre("s__a"));
  let_tell();
  EXPECT_THAT(pushed_, ElementsAre());
}

TEST_F(RouterTest, ClientsHearOfAChangedListOnceTheyAreIntroduced) {
  auto& server = add_server({"a"});
  settle(remote("s", server.url()));
  mcp::run_until(loop_, [&] { return server.streams() == 1; });
  open();
  const auto change = [&](const std::string& tool) {
    server.tools.push_back(FakeServer::tool(tool));
    server.notify("notifications/tools/list_changed");
    mcp::run_until(loop_, [&, before = catalogs_] { return catalogs_ > before; });
    let_tell();
  };
  change("b");
  EXPECT_THAT(pushed_, ElementsAre());
  ask("initialize", {{"protocolVersion", "2025-11-25"}});
  change("c");
  EXPECT_THAT(pushed_, ElementsAre(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"));
  // A client that is gone is not told.
  session_.reset();
  change("d");
  EXPECT_EQ(pushed_.size(), 1u);
}

}  // namespace
}  // namespace gateway

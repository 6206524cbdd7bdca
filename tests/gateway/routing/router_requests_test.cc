// Prompts, resources and completions, as a client sees them.
#include <gmock/gmock.h>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_fixture.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class RouterRequestsTest : public RouterTest {
 protected:
  /// A server with these that is ready.
  FakeServer& offer(const std::string& name,
                    const std::vector<std::string>& prompts,
                    const std::vector<std::string>& uris = {},
                    const std::vector<std::string>& templates = {}) {
    auto& server = add_server();
    server.capabilities = {
        {"prompts", {{"listChanged", true}}}, {"resources", {{"listChanged", true}}}, {"completions", json::object()}};
    for (const auto& prompt : prompts)
      server.prompts.push_back(FakeServer::prompt(prompt));
    for (const auto& uri : uris)
      server.resources.push_back(FakeServer::resource(uri));
    for (const auto& text : templates)
      server.templates.push_back(FakeServer::resource_template(text));
    settle(remote(name, server.url()));
    return server;
  }

  std::size_t page_size_ = 100;  // of the servers that are offered next

  json read(const std::string& uri) { return ask("resources/read", {{"uri", uri}}); }

  json complete(const json& ref) {
    return ask("completion/complete", {{"ref", ref}, {"argument", {{"name", "a"}, {"value", "v"}}}});
  }

  /// The URI this server was asked for last.
  static std::string asked(const FakeServer& server) { return server.received.back()["params"].value("uri", ""); }

  std::uint64_t counted(const std::string& server, const std::string& method, const std::string& outcome) {
    const auto found = metrics_.servers().find(server);
    if (found == metrics_.servers().end()) return 0;
    const auto request = found->second.requests.find({method, outcome});
    return request == found->second.requests.end() ? 0 : request->second;
  }

  /// Tells the runtime that a list changed, and waits until the view knows.
  void change(FakeServer& server, const std::string& kind) {
    mcp::run_until(loop_, [&] { return server.streams() == 1; });
    server.notify("notifications/" + kind + "/list_changed");
    mcp::run_until(loop_, [&, before = catalogs_] { return catalogs_ > before; });
    let_tell();
  }
};

TEST_F(RouterRequestsTest, ListsEveryKindOfAllServersPageByPage) {
  page_size_ = 1;
  offer("one", {"p", "q"}, {"a:1", "a:2"}, {"a:{x}"});
  page_size_ = 3;
  offer("two", {"p"}, {"a:1", "b:1"}, {"b:{x}", "c:{x}"});
  open_initialized();
  EXPECT_THAT(listed(CatalogKind::prompts), ElementsAre("one__p", "one__q", "two__p"));
  EXPECT_THAT(listed(CatalogKind::resources), ElementsAre("a:1", "a:2", "b:1", "switchyard://two/a:1"));
  EXPECT_THAT(listed(CatalogKind::templates), ElementsAre("a:{x}", "b:{x}", "c:{x}"));
  for (const std::string method : {"prompts/list", "resources/list", "resources/templates/list"}) {
    const json error = ask(method, {{"cursor", "mine"}})["error"];
    EXPECT_EQ(error["code"], mcp::kInvalidParams);
    EXPECT_THAT(error["message"], HasSubstr("Start again with " + method));
  }
}

TEST_F(RouterRequestsTest, GetsThePromptUnderTheNameItsServerKnows) {
  auto& server = offer("s", {"a.b"});
  open_initialized();
  const std::string name = listed(CatalogKind::prompts).at(0);
  const json answer = ask("prompts/get", {{"name", name}, {"arguments", {{"x", "1"}}}});
  EXPECT_EQ(answer["result"]["description"], "got a.b");
  EXPECT_EQ(server.received.back()["params"], json({{"name", "a.b"}, {"arguments", {{"x", "1"}}}}));
  EXPECT_EQ(counted("s", "prompts/get", "ok"), 1u);
  EXPECT_EQ(metrics_.servers().at("s").calls, 0u) << "those are of tools";
}

TEST_F(RouterRequestsTest, AnUnknownPromptNamesTheNearest) {
  offer("files", {"summary"});
  open_initialized();
  const json error = ask("prompts/get", {{"name", "files__sumary"}})["error"];
  EXPECT_EQ(error["code"], mcp::kInvalidParams);
  EXPECT_EQ(error["message"],
            "there is no prompt \"files__sumary\". Did you mean \"files__summary\"? See prompts/list for those there are.");
  EXPECT_EQ(error["data"]["reason"], "unknown_prompt");
  EXPECT_EQ(counted("", "prompts/get", "unknown_prompt"), 1u);
  EXPECT_EQ(ask("prompts/get", json::object())["error"]["code"], mcp::kInvalidParams);
}

TEST_F(RouterRequestsTest, AServerThatIsDownIsNamedInAJsonRpcError) {
  offer("s", {"p"}, {"a:1"});
  stop(runtimes_[0]);
  absent_.push_back({ServerName("off"), {mcp::ErrorCode::server_unavailable, "server \"off\" is off", "Enable it."}});
  open_initialized();
  for (const json& error : {ask("prompts/get", {{"name", "s__p"}})["error"], read("a:1")["error"]}) {
    EXPECT_EQ(error["code"], mcp::kInternalError);
    EXPECT_EQ(error["data"]["reason"], "server_unavailable");
    EXPECT_THAT(error["message"], StartsWith("server \"s\" is stopped"));
  }
  EXPECT_EQ(counted("s", "resources/read", "server_unavailable"), 1u);
  const json off = ask("prompts/get", {{"name", "off__p"}})["error"];
  EXPECT_EQ(off["message"], "prompt \"off__p\" is not there: server \"off\" is off. Enable it.");
  EXPECT_THAT(read("switchyard://off/x:1")["error"]["message"],
              StartsWith("there is no resource \"switchyard://off/x:1\": server \"off\" is off. "));
}

TEST_F(RouterRequestsTest, ReadsAResourceWhereItIsListed) {
  auto& one = offer("one", {}, {"a:1"});
  auto& two = offer("two", {}, {"a:1", "a:2"}, {"b:{x}"});
  open_initialized();
  EXPECT_EQ(read("a:1")["result"]["contents"][0]["uri"], "a:1");
  EXPECT_EQ(one.count("resources/read"), 1u);
  EXPECT_EQ(read("a:2")["result"]["contents"][0]["uri"], "a:2");
  EXPECT_EQ(read("b:any")["result"]["contents"][0]["uri"], "b:any");
  EXPECT_EQ(two.count("resources/read"), 2u);
  EXPECT_EQ(counted("two", "resources/read", "ok"), 2u);
}

TEST_F(RouterRequestsTest, WhatIsReadQualifiedComesBackQualified) {
  offer("one", {}, {"a:1"});
  auto& two = offer("two", {}, {"a:1"});
  two.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "resources/read") return std::nullopt;
    return json{
        {"contents",
         {{{"uri", request["params"]["uri"]}, {"text", "a \"uri\":1"}}, {{"text", "b"}, {"uri", "a:1/child"}}, {{"blob", ""}}}},
        {"_meta", {{"uri", "a:1"}}}};
  };
  open_initialized();
  EXPECT_EQ(read("switchyard://two/a:1")["result"],
            json({{"contents",
                   {{{"uri", "switchyard://two/a:1"}, {"text", "a \"uri\":1"}},
                    {{"text", "b"}, {"uri", "switchyard://two/a:1/child"}},
                    {{"blob", ""}}}},
                  {"_meta", {{"uri", "a:1"}}}}));
  EXPECT_EQ(asked(two), "a:1");
  // Also where it need not be.
  EXPECT_EQ(read("switchyard://one/a:1")["result"]["contents"][0]["uri"], "switchyard://one/a:1");
}

TEST_F(RouterRequestsTest, AUriThatNobodyListsIsAskedForWhereItsSchemeIs) {
  auto& other = offer("other", {}, {"note:1"});
  auto& one = offer("one", {}, {"file:///a"});
  auto& two = offer("two", {}, {"file:///b"});
  auto& three = offer("three", {}, {"file:///c"});
  const auto refuse = [](const json& request) -> std::optional<json> {
    if (request["method"] != "resources/read") return std::nullopt;
    return json{{"error", {{"code", -32002}, {"message", "not here"}}}};
  };
  one.answer = refuse;
  open_initialized();
  EXPECT_EQ(read("file:///z")["result"]["contents"][0]["uri"], "file:///z");
  EXPECT_EQ(one.count("resources/read"), 1u);
  EXPECT_EQ(two.count("resources/read"), 1u);
  EXPECT_EQ(three.count("resources/read"), 0u);
  two.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "resources/read") return std::nullopt;
    return json{{"contents", json::array()}};
  };
  three.answer = refuse;
  const json error = read("file:///z")["error"];
  EXPECT_EQ(error["code"], mcp::kResourceNotFound);
  EXPECT_EQ(error["data"]["uri"], "file:///z");
  EXPECT_EQ(error["data"]["reason"], "unknown_resource");
  EXPECT_THAT(error["message"], HasSubstr("read switchyard://SERVER/URI. SERVER is one of: other, one, two, three."));
  EXPECT_EQ(three.count("resources/read"), 1u);
  EXPECT_EQ(other.count("resources/read"), 0u) << "a URI of another scheme is none of its business";
  EXPECT_EQ(counted("", "resources/read", "unknown_resource"), 1u);
}

TEST_F(RouterRequestsTest, AServerThatCannotBeAskedIsNamed) {
  auto& one = offer("one", {}, {"file:///a"});
  offer("two", {}, {"file:///b"});
  open_initialized();
  one.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "resources/read") return std::nullopt;
    return json{{"error", {{"code", -32002}, {"message", "not here"}}}};
  };
  stop(runtimes_[1]);
  const json error = read("file:///z")["error"];
  EXPECT_EQ(error["data"]["reason"], "unknown_resource");
  EXPECT_THAT(error["message"], HasSubstr("or none that can be had now; server \"two\""));
}

TEST_F(RouterRequestsTest, SubscribesWhereTheResourceCanBeRead) {
  const auto subscribable = [&](FakeServer& server) {
    server.capabilities["resources"]["subscribe"] = true;
    return &server;
  };
  auto& none = offer("a", {}, {"file:///a"});
  auto* one = &add_server();
  auto* two = &add_server();
  for (auto* server : {one, two}) {
    server->capabilities = {{"resources", json::object()}};
    server->resources.push_back(FakeServer::resource(server == one ? "file:///b" : "file:///c"));
    settle(remote(server == one ? "b" : "c", subscribable(*server)->url()));
  }
  one->answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "resources/read") return std::nullopt;
    return json{{"error", {{"code", -32002}, {"message", "not here"}}}};
  };
  open_initialized();
  EXPECT_EQ(ask("resources/subscribe", {{"uri", "file:///z"}})["result"], json::object());
  EXPECT_EQ(none.count("resources/read") + none.count("resources/subscribe"), 0u);
  EXPECT_EQ(one->count("resources/subscribe"), 0u);
  EXPECT_EQ(two->count("resources/subscribe"), 1u);
}

TEST_F(RouterRequestsTest, ACursorThatIsWrittenOutAsNothingIsNone) {
  offer("one", {"p"});
  open_initialized();
  EXPECT_EQ(ask("prompts/list", {{"cursor", nullptr}})["result"]["prompts"].size(), 1u);
  EXPECT_EQ(ask("prompts/list", {{"cursor", 5}})["error"]["code"], mcp::kInvalidParams);
}

TEST_F(RouterRequestsTest, AUriOfASchemeThatNobodyHasIsNotFound) {
  offer("one", {}, {"a:1"});
  auto& two = offer("two", {}, {"b:1"});
  open_initialized();
  const json error = read("secret:1")["error"];
  EXPECT_EQ(error["code"], mcp::kResourceNotFound);
  EXPECT_EQ(two.count("resources/read"), 0u);
  // But one can be asked.
  EXPECT_EQ(read("switchyard://two/secret:1")["result"]["contents"][0]["uri"], "switchyard://two/secret:1");
  for (const json& params : {json::object(), json{{"uri", ""}}, json{{"uri", 5}}})
    EXPECT_EQ(ask("resources/read", params)["error"]["code"], mcp::kInvalidParams) << params;
}

TEST_F(RouterRequestsTest, WhoHasOneServerAloneAsksThatServer) {
  auto& server = offer("s", {}, {"a:1"});
  for (const bool own_names : {true, false}) {
    open_initialized({.own_names = own_names});
    EXPECT_EQ(read("other:1")["result"]["contents"][0]["uri"], "other:1");
  }
  EXPECT_EQ(server.count("resources/read"), 2u);
}

TEST_F(RouterRequestsTest, AServerWithoutResourcesIsNotAskedForAny) {
  auto& server = add_server({"tool"});
  settle(remote("s", server.url()));
  open_initialized({.own_names = true});
  EXPECT_EQ(read("a:1")["error"]["code"], mcp::kResourceNotFound);
  EXPECT_EQ(server.count("resources/read"), 0u);
}

TEST_F(RouterRequestsTest, CompletesUnderTheNamesTheServerKnows) {
  auto& one = offer("one", {"p.q"}, {"a:1"}, {"a:{x}"});
  auto& two = offer("two", {}, {}, {"a:{x}"});
  open_initialized();
  const std::string prompt = listed(CatalogKind::prompts).at(0);
  const auto forwarded = [](const FakeServer& server) { return server.received.back()["params"]["ref"]; };
  complete({{"type", "ref/prompt"}, {"name", prompt}, {"title", "T"}});
  EXPECT_EQ(forwarded(one), json({{"type", "ref/prompt"}, {"name", "p.q"}, {"title", "T"}}));
  EXPECT_EQ(one.received.back()["params"]["argument"], json({{"name", "a"}, {"value", "v"}}));
  complete({{"type", "ref/resource"}, {"uri", "a:{x}"}});
  EXPECT_EQ(forwarded(one), json({{"type", "ref/resource"}, {"uri", "a:{x}"}}));
  const json answer = complete({{"type", "ref/resource"}, {"uri", "switchyard://two/a:{x}"}});
  EXPECT_EQ(forwarded(two), json({{"type", "ref/resource"}, {"uri", "a:{x}"}}));
  EXPECT_EQ(answer["result"]["completion"]["values"].size(), 1u);
  complete({{"type", "ref/resource"}, {"uri", "a:1"}});
  EXPECT_EQ(forwarded(one), json({{"type", "ref/resource"}, {"uri", "a:1"}}));
  EXPECT_EQ(counted("one", "completion/complete", "ok"), 3u);
}

TEST_F(RouterRequestsTest, WhereNobodyCompletesNothingIsFound) {
  auto& mute = offer("mute", {"p"});
  mute.capabilities.erase("completions");
  stop(runtimes_[0]);
  runtimes_.clear();
  settle(remote("mute", mute.url()));
  auto& unknowing = offer("unknowing", {"p"});
  unknowing.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] != "completion/complete") return std::nullopt;
    return json{{"error", {{"code", -32601}, {"message", "Method not found"}}}};
  };
  open_initialized();
  const json none = {{"completion", {{"values", json::array()}, {"total", 0}, {"hasMore", false}}}};
  EXPECT_EQ(complete({{"type", "ref/prompt"}, {"name", "mute__p"}})["result"], none);
  EXPECT_EQ(mute.count("completion/complete"), 0u);
  EXPECT_EQ(complete({{"type", "ref/prompt"}, {"name", "unknowing__p"}})["result"], none);
}

TEST_F(RouterRequestsTest, ACompletionOfSomethingUnknownIsInvalid) {
  offer("s", {"p"}, {"a:1"});
  offer("t", {}, {"b:1"});
  open_initialized();
  for (const json& ref : {json{{"type", "ref/prompt"}, {"name", "s__x"}},
                          json{{"type", "ref/prompt"}},
                          json{{"type", "ref/resource"}},
                          json{{"type", "ref/resource"}, {"uri", "c:{x}"}},
                          json{{"type", "ref/tool"}, {"name", "s__p"}, {"uri", "a:1"}},
                          json(7),
                          json::object()}) {
    EXPECT_EQ(complete(ref)["error"]["code"], mcp::kInvalidParams) << ref;
  }
}

TEST_F(RouterRequestsTest, ClientsHearOfTheKindsThatChanged) {
  auto& server = offer("s", {"p"}, {"a:1"});
  open_initialized();
  server.prompts.push_back(FakeServer::prompt("q"));
  change(server, "prompts");
  EXPECT_THAT(pushed_, ElementsAre(R"({"jsonrpc":"2.0","method":"notifications/prompts/list_changed"})"));
  pushed_.clear();
  server.resources.push_back(FakeServer::resource("a:2"));
  server.templates.push_back(FakeServer::resource_template("a:{x}"));
  change(server, "resources");
  EXPECT_THAT(pushed_, ElementsAre(R"({"jsonrpc":"2.0","method":"notifications/resources/list_changed"})"));
}

TEST_F(RouterRequestsTest, TheFirstListsTogetherWaitOnlySoLong) {
  start(program("mute", {"never-initialize"}));
  open_initialized({}, std::chrono::milliseconds(30));
  EXPECT_THAT(listed(CatalogKind::tools), IsEmpty());
  int id = 1;
  for (const CatalogKind kind : {CatalogKind::prompts, CatalogKind::resources, CatalogKind::templates}) {
    spawn(id, std::string(words_of(kind).method), json::object());
    EXPECT_TRUE(answered(id++)) << "there is nothing left to wait for";
  }
}

TEST_F(RouterRequestsTest, AReadOfWhatIsNotThereYetWaits) {
  auto& server = add_server();
  server.capabilities = {{"resources", json::object()}};
  server.resources = {FakeServer::resource("a:1")};
  server.held_method = "resources/list";
  start(remote("s", server.url()));
  make(program("other", {"ok"}));
  stop(runtimes_[1]);
  open_initialized();
  spawn(1, "resources/read", {{"uri", "a:1"}});
  EXPECT_FALSE(answered(1));
  mcp::run_until(loop_, [&] { return server.count("resources/list") == 1; });
  server.release();
  mcp::run_until(loop_, [&] { return answered(1); });
  EXPECT_EQ(answers_["1"]["result"]["contents"][0]["uri"], "a:1");
}

}  // namespace
}  // namespace gateway

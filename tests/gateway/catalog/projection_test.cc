#include "gateway/catalog/projection.h"

#include <gmock/gmock.h>

#include "gateway/catalog/callable_name.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using testing::ElementsAre;
using testing::IsEmpty;

class ProjectionTest : public UpstreamTest {
 protected:
  /// A server that is ready and offers these.
  std::shared_ptr<Runtime> offer(const std::string& name, const std::vector<std::string>& tools) {
    return settle(remote(name, add_server(tools).url()));
  }

  std::shared_ptr<const Projection> build(Naming naming = {}) { return Projection::build(runtimes_, naming); }

  static std::vector<std::string> names(const Projection& projection) {
    std::vector<std::string> names;
    for (const Route& route : projection.tools().routes())
      names.push_back(route.callable.str());
    return names;
  }

  /// The names on each page, until there is no cursor any more.
  static std::vector<std::vector<std::string>> pages(const Projection& projection, std::size_t size) {
    std::vector<std::vector<std::string>> pages;
    std::string cursor;
    do {
      const auto text = projection.tools().list().page(cursor, size);
      if (!text) return pages;
      const json page = json::parse(*text);
      pages.emplace_back();
      for (const auto& tool : page["tools"])
        pages.back().push_back(tool["name"]);
      cursor = page.value("nextCursor", "");
    } while (!cursor.empty() && pages.size() < 10);
    return pages;
  }

  static std::string cursor_after(const Projection& projection, std::size_t size, const std::string& cursor = {}) {
    return json::parse(*projection.tools().list().page(cursor, size)).value("nextCursor", "");
  }
};

TEST_F(ProjectionTest, NamesToolsAfterTheirServersAndSortsThem) {
  const auto zoo = offer("zoo", {"feed", "count"});
  const auto ape = offer("ape", {"x"});
  const auto projection = build();
  EXPECT_THAT(names(*projection), ElementsAre("ape__x", "zoo__count", "zoo__feed"));
  const Route* route = projection->tools().find("zoo__feed");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->server, ServerName("zoo"));
  EXPECT_EQ(route->own_name, ToolName("feed"));
  EXPECT_EQ(route->runtime, zoo);
  EXPECT_EQ(projection->tools().find("feed"), nullptr);
  EXPECT_EQ(projection->tools().find(""), nullptr);
  EXPECT_THAT(projection->clashes(), IsEmpty());
}

TEST_F(ProjectionTest, OnlyTheNameOfAToolChanges) {
  auto& server = add_server();
  server.tools.push_back(
      json::parse(R"({"title":"Na\"me","name":"a\u0062c","inputSchema":{"properties":{"name":{}}},"x-odd":[1.50]})"));
  const auto runtime = settle(remote("s", server.url()));
  const auto projection = build();
  json expected = server.tools[0];
  expected["name"] = "s__abc";
  EXPECT_EQ(json::parse(projection->tools().list().text(0)), expected);
  EXPECT_EQ(json::parse(*projection->tools().list().page("", 10)), json({{"tools", {expected}}}));
}

TEST_F(ProjectionTest, OwnNamesStayAndSoDoesTheOrder) {
  offer("s", {"z.last/one", "a", "m m"});
  const auto projection = build({.own_names = true});
  EXPECT_THAT(names(*projection), ElementsAre("z.last/one", "a", "m m"));
  EXPECT_EQ(projection->tools().list().text(0), runtimes_[0]->catalog()->tools()[0].text);
  EXPECT_NE(projection->tools().find("m m"), nullptr);
}

TEST_F(ProjectionTest, LongAndOddNamesAreShortened) {
  const std::string tool(200, 'x');
  offer("s", {tool, "a.b"});
  for (const std::size_t length : {16u, 46u, 128u}) {
    const auto projection = build({.max_length = length});
    EXPECT_THAT(names(*projection),
                testing::UnorderedElementsAre(callable_name(ServerName("s"), ToolName(tool), length).str(),
                                              callable_name(ServerName("s"), ToolName("a.b"), length).str()));
    for (const auto& name : names(*projection))
      EXPECT_LE(name.size(), length);
  }
}

TEST_F(ProjectionTest, FilteredToolsAreKeptBackButKnown) {
  ServerSpec spec = remote("s", add_server({"read_a", "read_b", "write", "read_secret"}).url());
  spec.tools_allow = {"read_*", "list"};
  spec.tools_deny = {"*_secret"};
  settle(std::move(spec));
  const auto projection = build();
  EXPECT_THAT(names(*projection), ElementsAre("s__read_a", "s__read_b"));
  EXPECT_EQ(projection->tools().find("s__write"), nullptr);
  ASSERT_NE(projection->tools().find_filtered("s__write"), nullptr);
  EXPECT_EQ(projection->tools().find_filtered("s__write")->server, ServerName("s"));
  EXPECT_NE(projection->tools().find_filtered("s__read_secret"), nullptr);
  EXPECT_EQ(projection->tools().find_filtered("s__read_a"), nullptr);
  EXPECT_EQ(projection->tools().find_filtered("s__unheard_of"), nullptr);
}

TEST_F(ProjectionTest, ToolsAreShownAsTheConfigurationSays) {
  auto& server = add_server();
  const std::string tool =
      R"({ "na me":[1.50],"descripti\u006fn":"of \"the\" server","name":"get","annotations":{"title":"Old","x":1.0},"inputSchema":{"description":"in"}})";
  server.tools.push_back(json::parse(tool));
  server.tools.push_back({{"name", "plain"}});
  ServerSpec spec = remote("s", server.url());
  spec.tools_override["get"] = {.name = "fetch", .title = "Get \"it\"", .description = "Gets it."};
  spec.tools_override["plain"] = {.description = "Said."};
  spec.tools_deny = {"fetch"};  // speaks of own names
  settle(std::move(spec));
  json expected = server.tools[0];
  expected["name"] = "s__fetch";
  expected["description"] = "Gets it.";
  expected["title"] = expected["annotations"]["title"] = "Get \"it\"";
  const auto projection = build();
  EXPECT_THAT(names(*projection), ElementsAre("s__fetch", "s__plain"));
  EXPECT_EQ(json::parse(projection->tools().list().text(0)), expected);
  EXPECT_EQ(json::parse(projection->tools().list().text(1)), json({{"name", "s__plain"}, {"description", "Said."}}));
  EXPECT_EQ(projection->tools().find("s__fetch")->own_name, ToolName("get"));
  EXPECT_EQ(projection->tools().find("s__get"), nullptr);
  EXPECT_THAT(projection->clashes(), IsEmpty());
  const auto own = build({.own_names = true});
  expected["name"] = "get";
  EXPECT_THAT(names(*own), ElementsAre("get", "plain"));
  EXPECT_EQ(json::parse(own->tools().list().text(0)), expected);
}

TEST_F(ProjectionTest, AGivenNameIsNotLostToAToolThatHasIt) {
  ServerSpec spec = remote("s", add_server({"a", "b", "c", "d"}).url());
  spec.tools_override["c"] = {.name = "b"};
  spec.tools_override["a"] = {.name = "d"};
  spec.tools_override["d"] = {.name = "a"};
  settle(std::move(spec));
  const auto projection = build();
  EXPECT_THAT(names(*projection), ElementsAre("s__a", "s__b", "s__d"));
  EXPECT_EQ(projection->tools().find("s__a")->own_name, ToolName("d"));
  EXPECT_EQ(projection->tools().find("s__b")->own_name, ToolName("c"));
  EXPECT_THAT(projection->clashes(),
              ElementsAre("tool \"b\" of server \"s\" is not offered: its name s__b is that of \"c\" of \"s\""));
}

TEST_F(ProjectionTest, TheFateOfEachToolIsKnown) {
  ServerSpec spec = remote("s", add_server({"a", "b", "c"}).url());
  spec.tools_override["b"] = {.name = "a"};
  spec.tools_deny = {"c"};
  settle(std::move(spec));
  offer("t", {"a"});
  const auto projection = build();
  const NamedList& tools = projection->tools();
  using Kind = NamedList::Fate::Kind;
  const auto a = tools.fate_of(ServerName("s"), "a"), b = tools.fate_of(ServerName("s"), "b");
  const auto c = tools.fate_of(ServerName("s"), "c"), other = tools.fate_of(ServerName("t"), "a");
  ASSERT_TRUE(a && b && c && other);
  EXPECT_EQ(a->kind, Kind::name_taken);
  EXPECT_EQ(a->holder, tools.find("s__a"));
  EXPECT_EQ(b->kind, Kind::offered);
  EXPECT_EQ(b->place, 0U);
  EXPECT_EQ(c->kind, Kind::filtered);
  EXPECT_EQ(c->route->callable, CallableName("s__c"));
  EXPECT_EQ(other->kind, Kind::offered);
  EXPECT_EQ(other->place, 1U);
  EXPECT_EQ(tools.fates_of(ServerName("s")).size(), 3U);
  EXPECT_FALSE(tools.fate_of(ServerName("s"), "d") || tools.fate_of(ServerName("u"), "a"));
}

TEST_F(ProjectionTest, WhatIsSaidOfToolsThatAreNotThereIsReported) {
  ServerSpec spec = remote("s", add_server({"read", "write"}).url());
  spec.tools_override["raed"] = {.name = "x"};
  spec.tools_deny = {"write"};
  spec.tools_override["write"] = {.name = "y"};  // kept back, but there
  auto runtime = make(std::move(spec));
  EXPECT_THAT(build()->clashes(), IsEmpty()) << "nobody knows yet";
  runtime->start();
  mcp::run_until(loop_, [&] { return runtime->settled().is_set(); });
  EXPECT_THAT(build()->clashes(),
              ElementsAre("tools.override of server \"s\" names a tool that it does not have: \"raed\"; did you mean \"read\"?"));
  EXPECT_THAT(build({.own_names = true})->clashes(), IsEmpty());
}

TEST_F(ProjectionTest, OfTwoToolsWithOneNameTheFirstIsOffered) {
  // Two runtimes of one server name is the simplest way to the same name twice.
  const auto first = offer("s", {"a", "b"});
  offer("s", {"b", "c"});
  const auto projection = build();
  EXPECT_THAT(names(*projection), ElementsAre("s__a", "s__b", "s__c"));
  EXPECT_THAT(projection->clashes(),
              ElementsAre("tool \"b\" of server \"s\" is not offered: its name s__b is that of \"b\" of \"s\""));
}

TEST_F(ProjectionTest, PagesFollowEachOther) {
  offer("s", {"a", "b", "c", "d", "e"});
  const auto projection = build();
  EXPECT_THAT(pages(*projection, 2), ElementsAre(ElementsAre("s__a", "s__b"), ElementsAre("s__c", "s__d"), ElementsAre("s__e")));
  EXPECT_EQ(pages(*projection, 5).size(), 1u);
  EXPECT_EQ(pages(*projection, 1).size(), 5u);
}

TEST_F(ProjectionTest, PagesOfAServersOwnOrderFollowEachOther) {
  offer("s", {"e", "d", "c", "b", "a"});
  const auto projection = build({.own_names = true});
  EXPECT_THAT(pages(*projection, 2), ElementsAre(ElementsAre("e", "d"), ElementsAre("c", "b"), ElementsAre("a")));
}

TEST_F(ProjectionTest, AnEmptyViewIsAnEmptyList) {
  EXPECT_EQ(*build()->tools().list().page("", 10), R"({"tools":[]})");
}

TEST_F(ProjectionTest, ForeignCursorsAreRefused) {
  offer("s", {"b", "a"});
  const auto sorted = build();
  const auto own = build({.own_names = true});
  for (const std::string cursor : {"x", "1", "sy1:", "sy2:s__a", "SY1:s__a", " sy1:s__a"}) {
    const auto page = sorted->tools().list().page(cursor, 1);
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().code, ErrorCode::invalid_params);
    EXPECT_FALSE(own->tools().list().page(cursor, 1)) << cursor;
  }
  EXPECT_FALSE(own->tools().list().page("sy1:never there", 1));
}

TEST_F(ProjectionTest, AListThatChangedBetweenTwoPagesRepeatsNothing) {
  auto& server = add_server({"a", "b", "d", "e"});
  const auto runtime = settle(remote("s", server.url()));
  mcp::run_until(loop_, [&] { return server.streams() == 1; });
  const std::string cursor = cursor_after(*build(), 2);
  // The one the page ended with goes, one comes before it, one behind.
  server.tools = {
      FakeServer::tool("a"), FakeServer::tool("aa"), FakeServer::tool("c"), FakeServer::tool("d"), FakeServer::tool("e")};
  server.notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ == 2; });
  const json page = json::parse(*build()->tools().list().page(cursor, 2));
  EXPECT_EQ(page["tools"][0]["name"], "s__c");
  EXPECT_EQ(page["tools"][1]["name"], "s__d");
  // A cursor at the very end is no error.
  EXPECT_EQ(*build()->tools().list().page("sy1:s__z", 2), R"({"tools":[]})");
}

TEST_F(ProjectionTest, SameListIsWhatAClientSees) {
  auto& server = add_server({"a"});
  const auto runtime = settle(remote("s", server.url()));
  const auto before = build();
  EXPECT_TRUE(before->differing(*build()).none());
  mcp::run_until(loop_, [&] { return server.streams() == 1; });
  server.tools[0]["description"] = "changed";
  server.notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ == 2; });
  EXPECT_EQ(before->differing(*build()), CatalogKinds().set(index_of(CatalogKind::tools)));
}

TEST_F(ProjectionTest, FindsTheNameThatWasMeant) {
  offer("files", {"read_file", "write_file", "search"});
  const auto projection = build();
  EXPECT_EQ(projection->tools().nearest("files__read_fiel"), "files__read_file");
  EXPECT_EQ(projection->tools().nearest("files_search"), "files__search");
  EXPECT_EQ(projection->tools().nearest("weather__today"), "");
  EXPECT_EQ(projection->tools().nearest(""), "");
  EXPECT_EQ(projection->tools().nearest(std::string(100'000, 'x')), "");
  EXPECT_EQ(Projection::build(std::vector<ViewMember>(), {})->tools().nearest("x"), "");
}

}  // namespace
}  // namespace gateway

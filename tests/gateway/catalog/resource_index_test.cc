#include "gateway/catalog/resource_index.h"

#include <gmock/gmock.h>

#include "gateway/catalog/projection.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ResourceIndexTest : public UpstreamTest {
 protected:
  /// A server that is ready and lists these.
  std::shared_ptr<Runtime> offer(const std::string& name,
                                 const std::vector<std::string>& uris,
                                 const std::vector<std::string>& templates = {}) {
    auto& server = add_server();
    server.capabilities = {{"resources", json::object()}};
    for (const auto& uri : uris)
      server.resources.push_back(FakeServer::resource(uri));
    for (const auto& text : templates)
      server.templates.push_back(FakeServer::resource_template(text));
    return settle(remote(name, server.url()));
  }

  std::shared_ptr<const Projection> build(Naming naming = {}) { return Projection::build(runtimes_, naming); }

  static std::vector<std::string> keys(const PagedList& list) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < list.size(); ++i)
      keys.push_back(list.key(i));
    return keys;
  }

  /// "SERVER URI" of where it leads, "" for nowhere.
  static std::string lead(const Projection& projection, const std::string& uri) {
    const auto target = projection.resources().find(uri);
    return target ? target->runtime->spec().name.str() + " " + target->uri : "";
  }

  static std::string lead_template(const Projection& projection, const std::string& text) {
    const auto target = projection.resources().find_template(text);
    return target ? target->runtime->spec().name.str() + " " + target->uri : "";
  }

  static std::vector<std::string> likely(const Projection& projection, const std::string& uri) {
    std::vector<std::string> names;
    for (const auto& runtime : projection.resources().likely(uri))
      names.push_back(runtime->spec().name.str());
    return names;
  }
};

TEST_F(ResourceIndexTest, UrisStayAsTheyAreAndAreSorted) {
  offer("zoo", {"z:2", "a:9"}, {"z:{x}"});
  offer("ape", {"m:1"}, {"b:{x}"});
  const auto projection = build();
  EXPECT_THAT(keys(projection->resources().resources()), ElementsAre("a:9", "m:1", "z:2"));
  EXPECT_THAT(keys(projection->resources().templates()), ElementsAre("b:{x}", "z:{x}"));
  EXPECT_EQ(projection->resources().resources().text(1), runtimes_[1]->catalog()->entries(CatalogKind::resources)[0].text);
  EXPECT_EQ(lead(*projection, "m:1"), "ape m:1");
  EXPECT_EQ(lead(*projection, "z:2"), "zoo z:2");
  EXPECT_EQ(lead(*projection, "z:7"), "zoo z:7") << "by its template";
  EXPECT_EQ(lead(*projection, "n:1"), "");
  EXPECT_EQ(lead(*projection, ""), "");
  EXPECT_THAT(projection->clashes(), IsEmpty());
}

TEST_F(ResourceIndexTest, OfTwoServersTheFirstKeepsThePlainForm) {
  // In the order of the view, not of names.
  offer("zoo", {"a:1", "a:2"}, {"a:{x}"});
  offer("ape one", {"a:3", "a:1", "a:2"}, {"a:{x}"});
  const auto projection = build();
  EXPECT_THAT(keys(projection->resources().resources()),
              ElementsAre("a:1", "a:2", "a:3", "switchyard://ape%20one/a:1", "switchyard://ape%20one/a:2"));
  EXPECT_THAT(keys(projection->resources().templates()), ElementsAre("a:{x}", "switchyard://ape%20one/a:{x}"));
  json listed = json::parse(projection->resources().resources().text(3));
  EXPECT_EQ(listed, json({{"uri", "switchyard://ape%20one/a:1"}, {"name", "resource a:1"}}));
  EXPECT_EQ(lead(*projection, "a:1"), "zoo a:1");
  EXPECT_EQ(lead(*projection, "switchyard://ape%20one/a:1"), "ape one a:1");
  EXPECT_EQ(lead(*projection, "a:77"), "zoo a:77");
  EXPECT_EQ(lead_template(*projection, "a:{x}"), "zoo a:{x}");
  EXPECT_EQ(lead_template(*projection, "switchyard://ape%20one/a:{x}"), "ape one a:{x}");
  EXPECT_THAT(
      projection->clashes(),
      ElementsAre("2 resources of server \"ape one\" are listed as switchyard://ape%20one/URI, since server \"zoo\" has the "
                  "same: \"a:1\", \"a:2\"",
                  "1 resource template of server \"ape one\" is listed as switchyard://ape%20one/URI, since server \"zoo\" "
                  "has the same: \"a:{x}\""));
}

TEST_F(ResourceIndexTest, ManyClashesAreOneLine) {
  std::vector<std::string> uris;
  for (int i = 0; i < 50; ++i)
    uris.push_back("a:" + std::to_string(i));
  offer("one", uris);
  offer("two", uris);
  const auto projection = build();
  ASSERT_EQ(projection->clashes().size(), 1u);
  EXPECT_THAT(projection->clashes()[0], HasSubstr("50 resources of server \"two\""));
  EXPECT_THAT(projection->clashes()[0], testing::EndsWith("\"a:0\", \"a:1\", \"a:2\" and 47 more"));
}

TEST_F(ResourceIndexTest, TheQualifiedFormLeadsToItsServerWhateverIsListed) {
  offer("one", {"a:1"});
  offer("two", {"b:1"});
  const auto projection = build();
  EXPECT_EQ(lead(*projection, "switchyard://two/a:1"), "two a:1");
  EXPECT_EQ(lead(*projection, "switchyard://two/never:listed"), "two never:listed");
  EXPECT_EQ(lead(*projection, "switchyard://three/a:1"), "");
  EXPECT_EQ(lead(*projection, "switchyard://two"), "");
}

TEST_F(ResourceIndexTest, NobodyCanListWhatNamesAnotherServer) {
  // A gateway behind ours has such URIs, and so has who wants to read along.
  offer("private", {"a:1"});
  offer("other", {"switchyard://private/a:1", "switchyard://elsewhere/x:1"}, {"switchyard://private/{+x}"});
  offer("third", {}, {"switchyard://{server}/{+x}", "SwitchYard:{+x}"});
  const auto projection = build();
  EXPECT_THAT(keys(projection->resources().resources()),
              ElementsAre("a:1", "switchyard://other/switchyard://elsewhere/x:1", "switchyard://other/switchyard://private/a:1"));
  EXPECT_EQ(lead(*projection, "switchyard://private/a:1"), "private a:1");
  EXPECT_EQ(lead(*projection, "switchyard://private/a:2"), "private a:2");
  EXPECT_EQ(lead(*projection, "switchyard://other/switchyard://private/a:1"), "other switchyard://private/a:1");
  EXPECT_EQ(lead(*projection, "switchyard://other/switchyard://elsewhere/x:1"), "other switchyard://elsewhere/x:1");
  // A server that is not here may be off just now, or in another view.
  EXPECT_EQ(lead(*projection, "switchyard://elsewhere/x:1"), "");
  EXPECT_THAT(likely(*projection, "switchyard://elsewhere/x:1"), IsEmpty());
  EXPECT_THAT(projection->clashes()[0], HasSubstr("since the plain form would name another server"));
}

TEST_F(ResourceIndexTest, AViewOfOneServerKeepsItsOrderAndItsUris) {
  offer("s", {"z:1", "switchyard://s/a:1", "a:1"}, {"z:{x}"});
  const auto projection = build({.own_names = true});
  EXPECT_THAT(keys(projection->resources().resources()), ElementsAre("z:1", "switchyard://s/a:1", "a:1"));
  EXPECT_EQ(lead(*projection, "switchyard://s/a:1"), "s switchyard://s/a:1");
  EXPECT_EQ(lead(*projection, "switchyard://s/z:1"), "s z:1");
  EXPECT_THAT(projection->clashes(), IsEmpty());
}

TEST_F(ResourceIndexTest, TheFirstTemplateThatFitsWinsUnlessTheUriIsListed) {
  offer("one", {}, {"a:{x}", "{scheme}:{x}", "a:{broken"});
  offer("two", {"a:listed"}, {"a:{+x}", "b:{x}"});
  const auto projection = build();
  EXPECT_EQ(lead(*projection, "a:listed"), "two a:listed");
  EXPECT_EQ(lead(*projection, "a:1"), "one a:1");
  EXPECT_EQ(lead(*projection, "a:1/2"), "two a:1/2");
  EXPECT_EQ(lead(*projection, "b:1"), "two b:1");
  EXPECT_EQ(lead(*projection, "c:1"), "") << "a template without a scheme takes nothing";
  EXPECT_THAT(keys(projection->resources().templates()), ElementsAre("a:{+x}", "a:{broken", "a:{x}", "b:{x}", "{scheme}:{x}"));
}

TEST_F(ResourceIndexTest, OnlyServersOfTheSameSchemeAndAuthorityAreLikely) {
  offer("one", {"file:///a", "db://host/x"});
  offer("two", {"FILE:///b"}, {"db://HOST/{x}", "urn:x:{y}"});
  offer("three", {"note://other/x"}, {"git://{owner}/{repo}"});
  const auto projection = build();
  EXPECT_THAT(likely(*projection, "file:///unlisted"), ElementsAre("one", "two"));
  EXPECT_THAT(likely(*projection, "db://host/y/z"), ElementsAre("one", "two"));
  EXPECT_THAT(likely(*projection, "db://elsewhere/y"), IsEmpty());
  EXPECT_THAT(likely(*projection, "git://anyone/x/y/z"), ElementsAre("three"));
  EXPECT_THAT(likely(*projection, "urn:isbn:1"), ElementsAre("two"));
  EXPECT_THAT(likely(*projection, "secret://x"), IsEmpty());
  EXPECT_THAT(likely(*projection, "no scheme"), IsEmpty());
}

TEST_F(ResourceIndexTest, OnlySoManyAreLikely) {
  for (int i = 0; i < 10; ++i)
    offer("s" + std::to_string(i), {"a:" + std::to_string(i)});
  EXPECT_EQ(likely(*build(), "a:x").size(), ResourceIndex::kMostLikely);
}

TEST_F(ResourceIndexTest, PagesOfSeveralServersFollowEachOther) {
  offer("one", {"a:5", "a:1", "a:3"});
  offer("two", {"a:4", "a:2"});
  const auto projection = build();
  const PagedList& list = projection->list(CatalogKind::resources);
  std::vector<std::string> uris;
  std::string cursor;
  int pages = 0;
  do {
    const json page = json::parse(*list.page(cursor, 2));
    for (const auto& resource : page["resources"])
      uris.push_back(resource["uri"]);
    cursor = page.value("nextCursor", "");
  } while (!cursor.empty() && ++pages < 10);
  EXPECT_THAT(uris, ElementsAre("a:1", "a:2", "a:3", "a:4", "a:5"));
  EXPECT_EQ(json::parse(*list.page("sy1:a:2a", 2))["resources"][0]["uri"], "a:3") << "though that one is gone";
  const auto wrong = list.page("a:2", 2);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_params);
  EXPECT_EQ(wrong.error().remedy, "Start again with resources/list without a cursor.");
}

TEST_F(ResourceIndexTest, PromptsAreNamedLikeTools) {
  auto& server = add_server({"same"});
  server.capabilities = {{"tools", json::object()}, {"prompts", json::object()}};
  server.prompts = {FakeServer::prompt("same"), FakeServer::prompt("a.b")};
  ServerSpec spec = remote("s", server.url());
  spec.tools_deny = {"*"};
  settle(std::move(spec));
  const auto projection = build();
  EXPECT_THAT(keys(projection->list(CatalogKind::tools)), IsEmpty());
  const PagedList& prompts = projection->list(CatalogKind::prompts);
  EXPECT_THAT(keys(prompts), ElementsAre(testing::StartsWith("s__a_b_"), "s__same"));
  EXPECT_EQ(json::parse(prompts.text(1)), json({{"name", "s__same"}, {"description", "prompt same"}}));
  EXPECT_EQ(projection->prompts().find("s__same")->own_name, ToolName("same"));
}

}  // namespace
}  // namespace gateway

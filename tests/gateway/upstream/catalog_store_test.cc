#include "gateway/upstream/catalog_store.h"

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;

KnownServer sample(const std::string& tool = "read") {
  auto tools = std::make_shared<CatalogList>();
  tools->entries.push_back({.key = tool, .text = R"({"name":")" + tool + R"(","n":1.50,"x":"ö\n"})"});
  tools->entries.push_back({.key = "a\"b", .text = R"({"name":"a\"b"})", .only_for = {R"({"sampling":{}})"}});
  auto catalog = std::make_shared<ServerCatalog>();
  catalog->replace(CatalogKind::tools, tools);
  auto resources = std::make_shared<CatalogList>();
  resources->entries.push_back({.key = "file:///a", .text = R"({"uri":"file:///a","name":"a"})"});
  catalog->replace(CatalogKind::resources, resources);
  KnownServer known{.catalog = catalog, .introduction = {}};
  known.introduction.version = mcp::ProtocolVersion::v2025_06_18;
  known.introduction.server_info = R"({"name":"s","version":"1"})";
  known.introduction.capabilities = R"({"tools":{}})";
  known.introduction.instructions = "Be \"kind\".\n";
  return known;
}

class CatalogStoreTest : public testing::Test {
 protected:
  ~CatalogStoreTest() override { helpers_.join(); }

  std::string folder() const { return folder_.file("catalogs"); }

  std::unique_ptr<CatalogStore> make() { return std::make_unique<CatalogStore>(loop_.get_executor(), helpers_, folder()); }

  std::optional<KnownServer> load(const std::string& digest) {
    const auto store = make();
    mcp::run_task(loop_, store->load({digest}));
    return store->take(digest);
  }

  /// Until the helper has done what it was given.
  void finish() { load("nothing"); }

  mcp::TempFolder folder_;
  boost::asio::io_context loop_{1};
  boost::asio::thread_pool helpers_{1};
};

TEST_F(CatalogStoreTest, GivesBackWhatWasKept) {
  const KnownServer kept = sample();
  make()->save("d1", kept);
  const auto known = load("d1");
  ASSERT_TRUE(known);
  EXPECT_TRUE(*known->catalog == *kept.catalog);
  EXPECT_EQ(known->introduction.version, kept.introduction.version);
  EXPECT_EQ(known->introduction.instructions, kept.introduction.instructions);
  EXPECT_EQ(known->introduction.capabilities, kept.introduction.capabilities);
  EXPECT_EQ(known->introduction.server_info, kept.introduction.server_info);
  struct stat info{};
  ASSERT_EQ(::stat((folder() + "/d1.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_FALSE(load("d2"));
}

TEST_F(CatalogStoreTest, TheLastOneCounts) {
  const auto store = make();
  for (int i = 0; i < 20; ++i)
    store->save("d1", sample("tool" + std::to_string(i)));
  EXPECT_EQ(load("d1")->catalog->tools().front().key, "tool19");
}

TEST_F(CatalogStoreTest, WhatIsNotWholeCountsAsNone) {
  const std::string text = known_server_text(sample());
  fs::create_directories(folder());
  for (const std::string& broken : {std::string(),
                                    text.substr(0, text.size() / 2),
                                    std::string("{}"),
                                    std::string("[1]"),
                                    std::string(R"({"form":2})"),
                                    std::string(text).replace(text.find("\"key\":\"read\""), 12, "\"key\":\"rexd\"")}) {
    std::ofstream(folder() + "/d1.json") << broken;
    EXPECT_FALSE(load("d1")) << broken;
  }
  std::ofstream(folder() + "/d1.json") << text;
  EXPECT_TRUE(load("d1"));
}

TEST_F(CatalogStoreTest, AFolderThatCannotBeWrittenLosesNothingElse) {
  std::ofstream(folder()) << "a file";
  make()->save("d1", sample());
  finish();
  EXPECT_FALSE(load("d1"));
}

TEST_F(CatalogStoreTest, TheNewestOfThoseThatNobodyWantsAreKept) {
  const auto store = make();
  store->save("mine", sample());
  for (int i = 0; i < 120; ++i)
    store->save("other" + std::to_string(i), sample());
  finish();
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(folder() + "/mine.json", old);
  fs::last_write_time(folder() + "/other7.json", old);
  store->prune({"mine"});
  finish();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 101);
  EXPECT_TRUE(fs::exists(folder() + "/mine.json"));
  EXPECT_FALSE(fs::exists(folder() + "/other7.json"));
}

}  // namespace
}  // namespace gateway

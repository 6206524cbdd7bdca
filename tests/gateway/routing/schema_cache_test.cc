#include "gateway/routing/schema_cache.h"

#include <gmock/gmock.h>

#include "tests/gateway/routing/router_fixture.h"

namespace gateway {
namespace {

using mcp::FakeServer;

class SchemaCacheTest : public RouterTest {
 protected:
  /// Each tool's schema has a pattern, for which a quarter of a megabyte counts.
  FakeServer& serve(int count) {
    FakeServer& server = add_server();
    for (int i = 0; i < count; ++i) {
      const json schema = {{"type", "object"}, {"properties", {{"a", {{"pattern", "^a" + std::to_string(i)}}}}}};
      server.tools.push_back({{"name", "t" + std::to_string(i)}, {"inputSchema", schema}});
    }
    settle(remote("s", server.url()));
    open_initialized();
    return server;
  }

  const Runtime& runtime() { return *runtimes_.front(); }

  /// Finds and compiles it.
  std::shared_ptr<const ToolSchemas> used(SchemaCache& cache, int number) {
    auto schemas = cache.find(runtime(), "t" + std::to_string(number));
    EXPECT_TRUE(schemas->check_arguments("{}"));
    return schemas;
  }
};

TEST_F(SchemaCacheTest, KeepsWhatThereIsRoomFor) {
  serve(3);
  SchemaCache cache(1 << 20);
  const auto first = used(cache, 0).get();
  used(cache, 1);
  used(cache, 2);
  EXPECT_EQ(used(cache, 0).get(), first);
  EXPECT_EQ(cache.find(runtime(), "none"), nullptr);
}

TEST_F(SchemaCacheTest, WhatWasNotUsedForLongestGoesFirst) {
  serve(6);
  SchemaCache cache(1 << 20);
  const std::weak_ptr<const ToolSchemas> zero = used(cache, 0), one = used(cache, 1), two = used(cache, 2);
  used(cache, 0);
  used(cache, 3);
  used(cache, 4);
  EXPECT_FALSE(zero.expired());
  EXPECT_TRUE(one.expired());
  EXPECT_FALSE(two.expired());
  used(cache, 5);
  EXPECT_TRUE(two.expired());
  // Found again, it is compiled again.
  EXPECT_FALSE(used(cache, 1)->check_arguments(R"({"a":"b"})"));
}

TEST_F(SchemaCacheTest, OneThatIsTooLargeIsKeptAlone) {
  serve(2);
  SchemaCache cache(1000);
  const std::weak_ptr<const ToolSchemas> zero = used(cache, 0);
  EXPECT_EQ(used(cache, 0), zero.lock());
  used(cache, 1);
  EXPECT_TRUE(zero.expired());
}

TEST_F(SchemaCacheTest, AStoppedCompilationIsBegunAgain) {
  serve(1);
  SchemaCache cache;
  const auto schemas = cache.find(runtime(), "t0");
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = schemas->check_arguments(R"({"a":"b"})", {.stop = stop.get_token()});
  EXPECT_EQ(stopped.error().code, mcp::ErrorCode::cancelled);
  EXPECT_EQ(schemas->check_arguments(R"({"a":"b"})").error().code, mcp::ErrorCode::invalid_params);
}

}  // namespace
}  // namespace gateway

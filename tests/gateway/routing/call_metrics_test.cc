#include "gateway/routing/call_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(CallMetricsTest, CountsByServerAndOutcome) {
  CallMetrics metrics;
  metrics.record(ServerName("a"), "ok", {.total = milliseconds(1)});
  metrics.record(ServerName("a"), "ok", {.total = milliseconds(1)});
  metrics.record(ServerName("a"), "timeout", {.total = milliseconds(1)});
  metrics.record(ServerName("b"), "rpc_error", {.total = seconds(2)});
  const auto& servers = metrics.servers();
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_THAT(servers.at("a").outcomes, testing::ElementsAre(testing::Pair("ok", 2), testing::Pair("timeout", 1)));
  EXPECT_EQ(servers.at("a").calls, 3u);
  EXPECT_DOUBLE_EQ(servers.at("a").total.seconds, 0.003);
  EXPECT_DOUBLE_EQ(servers.at("b").total.seconds, 2);
}

TEST(CallMetricsTest, OtherRequestsAreCountedByMethod) {
  CallMetrics metrics;
  metrics.record_request(ServerName("a"), "prompts/get", "ok");
  metrics.record_request(ServerName("a"), "prompts/get", "ok");
  metrics.record_request(ServerName("a"), "resources/read", "timeout");
  const auto& server = metrics.servers().at("a");
  EXPECT_THAT(server.requests,
              testing::ElementsAre(testing::Pair(testing::Pair("prompts/get", "ok"), 2),
                                   testing::Pair(testing::Pair("resources/read", "timeout"), 1)));
  EXPECT_EQ(server.calls, 0u);
}

TEST(CallMetricsTest, ABoundBelongsToItsBucket) {
  CallMetrics metrics;
  for (const microseconds taken : {microseconds(0), microseconds(500), microseconds(501), microseconds(1000)})
    metrics.record(ServerName("a"), "ok", {.total = taken});
  metrics.record(ServerName("a"), "ok", {.total = seconds(60)});
  metrics.record(ServerName("a"), "ok", {.total = seconds(61)});
  const auto& buckets = metrics.servers().at("a").total.buckets;
  EXPECT_EQ(buckets[0], 2u);
  EXPECT_EQ(buckets[1], 2u);
  EXPECT_EQ(buckets[CallMetrics::kBuckets.size() - 1], 1u);
  EXPECT_EQ(buckets[CallMetrics::kBuckets.size()], 1u);
}

}  // namespace
}  // namespace gateway

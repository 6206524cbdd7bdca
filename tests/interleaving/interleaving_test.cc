#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "mcp/base/log.h"
#include "tests/interleaving/world.h"

namespace gateway {
namespace {

constexpr int kSteps = 400;
constexpr int kShards = 4;

/// SWITCHYARD_SEED runs that seed alone, SWITCHYARD_SEEDS so many in each test.
std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

World::Counts run(std::uint64_t seed) {
  Journal journal;
  World::Counts counts;
  {
    World world(seed, journal);
    world.go_on(kSteps);
    if (journal.faults().empty()) world.calm_down();
    if (journal.faults().empty()) world.empty();
    counts = world.counts();
  }
  EXPECT_TRUE(journal.faults().empty()) << "SWITCHYARD_SEED=" << seed << "\n"
                                        << journal.story() << "in all " << journal.faults().size();
  return counts;
}

class InterleavingTest : public testing::TestWithParam<int> {};

TEST_P(InterleavingTest, EverythingReachesWhoseItIsAndNothingIsLeft) {
  const std::uint64_t one = number_from("SWITCHYARD_SEED", 0);
  if (one != 0) {
    run(one);
    return;
  }
  World::Counts all;
  const std::uint64_t seeds = number_from("SWITCHYARD_SEEDS", 50);
  for (std::uint64_t i = 1; i <= seeds && !HasFailure(); ++i) {
    const World::Counts counts = run((static_cast<std::uint64_t>(GetParam()) * 1'000'000) + i);
    all.answers += counts.answers;
    all.server_answers += counts.server_answers;
    all.pages += counts.pages;
    all.questions += counts.questions;
    all.questions_answered += counts.questions_answered;
  }
  // Where the models talk past each other, nothing was tried.
  EXPECT_GT(all.answers, seeds * 20);
  EXPECT_GT(all.server_answers, seeds * 10);
  EXPECT_GT(all.questions_answered, seeds / 3);
  EXPECT_GT(all.pages, seeds / 2);
  RecordProperty("answers", std::to_string(all.answers));
  RecordProperty("questions", std::to_string(all.questions));
}

INSTANTIATE_TEST_SUITE_P(Seeds, InterleavingTest, testing::Range(1, kShards + 1));

}  // namespace
}  // namespace gateway

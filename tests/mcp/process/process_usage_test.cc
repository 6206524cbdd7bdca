#include "mcp/process/process_usage.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "tests/mcp/process/child_process_fixture.h"
#include "tests/support/processes.h"

namespace mcp {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class ProcessUsageTest : public ChildProcessTest {};

TEST_F(ProcessUsageTest, CountsTheWholeTree) {
  const auto child = launch(shell("sleep 1000 & sh -c 'sleep 1001 & echo up; wait' & wait"));
  ASSERT_TRUE(child);
  EXPECT_EQ(run_task(loop_, read_line((*child)->stdout_pipe())), "up");
  const auto usage = process_usage((*child)->guardian_pid());
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->processes, 5U);  // two shells, what they started, and the guardian
  EXPECT_GT(usage->memory, 100U * 1024);
  EXPECT_LT(usage->memory, 100 * kMiB);
}

TEST_F(ProcessUsageTest, MemoryThatIsGivenBackIsNotCounted) {
  const std::size_t size = 64 * kMiB;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  memset(memory, 1, size);
  const auto before = process_usage(getpid());
  ASSERT_TRUE(before);
  EXPECT_GE(before->memory, size);
  munmap(memory, size);
  const auto after = process_usage(getpid());
  ASSERT_TRUE(after);
  EXPECT_LE(after->memory, before->memory - size / 2);
}

TEST_F(ProcessUsageTest, SaysNothingOfWhatIsGone) {
  const auto child = launch(spec("cat"));
  ASSERT_TRUE(child);
  const pid_t pid = (*child)->pid();
  EXPECT_TRUE(process_usage(pid));
  run_task(loop_, (*child)->stop(std::chrono::minutes(1)));
  EXPECT_FALSE(process_usage(pid));
}

TEST_F(ProcessUsageTest, KnowsHowLongItRuns) {
  const auto usage = process_usage(1);  // as long as the machine, or the container
  ASSERT_TRUE(usage);
  EXPECT_LE(process_usage(getpid())->running, usage->running);
}

}  // namespace
}  // namespace mcp

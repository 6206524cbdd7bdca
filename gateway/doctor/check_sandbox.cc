#include "gateway/doctor/check_sandbox.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/doctor/run_program.h"
#include "gateway/upstream/sandbox.h"

namespace gateway {

namespace {

constexpr auto kPatience = std::chrono::seconds(5);

/// Why there is none. Errors speak of the program that was not started, too.
std::string cause_of(const mcp::Error& error) {
  static constexpr std::string_view kNotStarted = "so it was not started: ";
  const std::size_t at = error.message.find(kNotStarted);
  return at == std::string::npos ? error.message : error.message.substr(at + kNotStarted.size());
}

}  // namespace

mcp::Task<mcp::Result<>> try_sandbox(mcp::ProcessLauncher& launcher, const Environment& environment) {
  ServerSpec spec;
  spec.name = ServerName("doctor");
  spec.transport = StdioSpec{.command = "true", .cwd = "/", .sandbox = {.level = SandboxLevel::standard}};
  // Without a state folder no cache is made in it.
  const Environment stateless = [environment](std::string_view name) -> std::optional<std::string> {
    return name == "SWITCHYARD_STATE" ? std::nullopt : environment(name);
  };
  mcp::ChildSpec child = make_child_spec(spec, stateless);
  const auto ran = co_await run_program(launcher, std::move(child), kPatience);
  if (!ran) co_return std::unexpected(ran.error());
  if (ran->exit.code != 0) co_return mcp::fail(mcp::ErrorCode::sandbox_unavailable, "\"true\" ended in it: " + ran->exit.text());
  co_return mcp::Result<>();
}

long landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? version : 0;
}

Check check_sandbox(const mcp::Result<>& tried, long landlock, std::size_t asking) {
  CheckList list(CheckGroup::installation);
  const std::string rules = landlock > 0 ? "Landlock " + std::to_string(landlock) : "without Landlock, which this kernel lacks";
  const std::string servers =
      std::to_string(asking) + (asking == 1 ? " server asks for one and is" : " servers ask for one and are");
  if (tried) {
    list.ok("sandbox", "can be made: bubblewrap, seccomp, " + rules);
  } else if (asking > 0) {
    list.error("sandbox", servers + " refused: " + cause_of(tried.error()), tried.error().remedy);
  } else {
    list.note("sandbox", "none can be made here, and no server asks for one: " + cause_of(tried.error()), tried.error().remedy);
  }
  return list.take().front();
}

}  // namespace gateway

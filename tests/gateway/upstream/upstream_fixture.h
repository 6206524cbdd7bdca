#pragma once

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gateway/upstream/runtime.h"
#include "tests/support/fake_server.h"
#include "tests/support/recording_context.h"
#include "tests/support/run_task.h"

namespace gateway {

/// Runtimes of real programs (stdio_fault) and of servers in this process, on the test's own loop. They read a changed list at once
/// and as often as it changes, unless the test sets that differently. At its end all are stopped and no process may be left.
class UpstreamTest : public testing::Test {
 protected:
  using json = nlohmann::json;

  UpstreamTest();
  ~UpstreamTest() override;

  /// A server that runs stdio_fault with these arguments.
  static ServerSpec program(const std::string& name, std::vector<std::string> args);
  static ServerSpec remote(const std::string& name, const std::string& url);

  mcp::FakeServer& add_server(const std::vector<std::string>& tools = {});

  /// Not started yet.
  std::shared_ptr<Runtime> make(ServerSpec spec);
  std::shared_ptr<Runtime> start(ServerSpec spec);
  /// Started, and at the end of its first start.
  std::shared_ptr<Runtime> settle(ServerSpec spec);

  void wait_for(const Runtime& runtime, RuntimeState state);
  void stop(const std::shared_ptr<Runtime>& runtime);

  /// Runs what is ready; does not wait for timers or others.
  void run_ready();

  /// Runs that many turns of the loop, waiting for each; fewer where the runtime is ready and nothing is left to do.
  void run_turns(const Runtime& runtime, int turns);

  /// Until no view waits to tell of a change.
  void let_tell();

  struct Overdue {
    mcp::Error cause;
    std::string limit;  // the time that was too short, as people read it
  };

  /// Starts what will not be ready and returns why its start was given up. Where that does not mention `part`, because the machine
  /// was too busy to come as far within the time, it is tried with more.
  Overdue start_overdue(ServerSpec spec, const std::string& part);

  static mcp::Message request(const std::string& method, const json& params = json::object());
  static mcp::Message tool_call(const std::string& tool, const json& arguments = json::object());
  mcp::Result<mcp::Message> send(Runtime& runtime, mcp::Message message);
  mcp::Result<mcp::Message> send(Runtime& runtime, mcp::Message message, mcp::CallContext& context);

  boost::asio::io_context view_loop_{1};  // for views alone: their time stands still but in let_tell()
  boost::asio::io_context loop_{1};
  std::unique_ptr<mcp::ProcessLauncher> launcher_;
  std::vector<std::unique_ptr<mcp::FakeServer>> servers_;
  RuntimeDependencies dependencies_;
  std::vector<std::shared_ptr<Runtime>> runtimes_;
  std::vector<std::string> states_;   // every state any of them came to
  int catalogs_ = 0;                  // catalogs published
  std::function<void()> on_catalog_;  // told of each
  double random_ = 0;
};

/// What a Backoff makes no delay of, so that a test need not wait for it.
inline constexpr double kNoDelay = 4;

}  // namespace gateway

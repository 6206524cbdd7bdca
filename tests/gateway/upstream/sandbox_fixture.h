#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>

#include "gateway/upstream/sandbox.h"
#include "mcp/process/proc_files.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"

namespace gateway {

inline mcp::Task<std::string> read_all(boost::asio::posix::stream_descriptor& pipe) {
  std::string text, chunk(4096, '\0');
  for (;;) {
    const auto [error, size] =
        co_await pipe.async_read_some(boost::asio::buffer(chunk), boost::asio::as_tuple(boost::asio::use_awaitable));
    if (error) co_return text;
    text.append(chunk, 0, size);
  }
}

inline mcp::Task<std::string> read_line(boost::asio::posix::stream_descriptor& pipe) {
  std::string text;
  for (char letter = 0;; text.push_back(letter)) {
    const auto [error, size] =
        co_await pipe.async_read_some(boost::asio::buffer(&letter, 1), boost::asio::as_tuple(boost::asio::use_awaitable));
    if (error || letter == '\n') co_return text;
  }
}

using Launched = mcp::Result<std::shared_ptr<mcp::ChildProcess>>;

/// A folder not below /tmp, which a sandbox has for itself.
class SandboxFolder {
 public:
  SandboxFolder() {
    std::string name = "/var/lib/switchyard-sandbox-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      name = "./switchyard-sandbox-XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for a test");
    }
    path_ = std::filesystem::canonical(name).string();
  }
  ~SandboxFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  SandboxFolder(const SandboxFolder&) = delete;
  SandboxFolder& operator=(const SandboxFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class SandboxTest : public testing::Test {
 protected:
  SandboxTest() {
    std::filesystem::create_directories(home() + "/.ssh");
    std::filesystem::create_directories(folder_ + "/data");
    write(home() + "/.ssh/id", "a key");
    write(home() + "/.netrc", "a password");
    write(home() + "/notes", "notes");
    write(folder_ + "/data/file", "data");
    variables_ = {{"HOME", home()}, {"PATH", "/usr/bin:/bin"}, {"SWITCHYARD_STATE", folder_ + "/state"}};
    std::filesystem::create_directories(folder_ + "/state");
    write(folder_ + "/state/gateway.json", "a token");
    write(folder_ + "/switchyard.json", "{}");
    variables_["SWITCHYARD_WITHIN"] = folder_ + "/switchyard.json";
    spec_.name = ServerName("box");
  }

  std::string home() const { return folder_ + "/home"; }

  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  mcp::ChildSpec child_of(const std::string& command, std::vector<std::string> args, SandboxSpec sandbox) {
    StdioSpec stdio;
    stdio.command = command;
    stdio.args = std::move(args);
    stdio.cwd = cwd_;
    stdio.env = env_;
    stdio.sandbox = std::move(sandbox);
    spec_.transport = std::move(stdio);
    auto child = make_child_spec(spec_, [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables_.find(std::string(name));
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
    child.on_denied = [this](const mcp::Denial& denial) { denied_.push_back(denial_text(denial)); };
    return child;
  }

  Launched launch(mcp::ChildSpec child) { return mcp::run_task(loop_, launcher_->launch(std::move(child))); }

  Launched start(const std::string& script, SandboxSpec sandbox) {
    return launch(child_of("sh", {"-c", script}, std::move(sandbox)));
  }

  /// What a script says in a sandbox, errors among it.
  std::string said_by(const std::string& script, SandboxSpec sandbox) {
    auto child = start("exec 2>&1; " + script, std::move(sandbox));
    if (!child) return child.error().text();
    std::string said = mcp::run_task(loop_, read_all((*child)->stdout_pipe()));
    mcp::run_task(loop_, (*child)->wait_gone());
    return said;
  }

  mcp::Error error_of(SandboxSpec sandbox) {
    auto child = start("true", std::move(sandbox));
    return child ? mcp::Error{mcp::ErrorCode::internal, "it started"} : child.error();
  }

  const SandboxFolder made_;
  const std::string folder_ = made_.path();
  std::string cwd_;
  std::vector<std::pair<std::string, std::string>> env_;
  std::map<std::string, std::string> variables_;
  ServerSpec spec_;
  std::vector<std::string> denied_;
  boost::asio::io_context loop_;
  std::unique_ptr<mcp::ProcessLauncher> launcher_ =
      mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")});
};

/// Tests that want a sandbox, which not every machine (or container) lets a user have.
class RealSandboxTest : public SandboxTest {
 protected:
  void SetUp() override {
    const auto child = start("true", kStandard);
    if (!child) GTEST_SKIP() << "this system makes no sandbox: " << child.error().text();
    mcp::run_task(loop_, (*child)->wait_gone());
    denied_.clear();
  }

  const SandboxSpec kStandard{.level = SandboxLevel::standard};
  const SandboxSpec kStrict{.level = SandboxLevel::strict, .network = false};
};

}  // namespace gateway

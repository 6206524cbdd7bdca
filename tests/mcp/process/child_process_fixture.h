#pragma once

#include <stdlib.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mcp/process/child_process.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace mcp {

using Launched = Result<std::shared_ptr<ChildProcess>>;

inline Task<std::string> read_all(boost::asio::posix::stream_descriptor& pipe) {
  std::string text;
  std::string chunk(4096, '\0');
  for (;;) {
    const auto [error, size] =
        co_await pipe.async_read_some(boost::asio::buffer(chunk), boost::asio::as_tuple(boost::asio::use_awaitable));
    if (error) co_return text;
    text.append(chunk, 0, size);
  }
}

/// The first line, once it is there.
inline Task<std::string> read_line(boost::asio::posix::stream_descriptor& pipe) {
  std::string text;
  for (char letter = 0;; text.push_back(letter)) {
    const auto [error, size] =
        co_await pipe.async_read_some(boost::asio::buffer(&letter, 1), boost::asio::as_tuple(boost::asio::use_awaitable));
    if (error || letter == '\n') co_return text;
  }
}

class ChildProcessTest : public testing::Test {
 protected:
  ChildSpec spec(std::string command, std::vector<std::string> args = {}) {
    ChildSpec result;
    result.command = std::move(command);
    result.args = std::move(args);
    result.env = {"PATH=/usr/bin:/bin"};
    return result;
  }

  ChildSpec shell(std::string script) { return spec("sh", {"-c", std::move(script)}); }
  ChildSpec fault(std::string mode, std::string argument) {
    return spec(program_path("stdio_fault"), {std::move(mode), std::move(argument)});
  }

  Launched launch(ChildSpec child) { return run_task(loop_, launcher_->launch(std::move(child))); }

  std::string output_of(ChildSpec child) {
    const auto launched = launch(std::move(child));
    if (!launched) return launched.error().text();
    std::string output = run_task(loop_, read_all((*launched)->stdout_pipe()));
    run_task(loop_, (*launched)->wait_gone());
    return output;
  }

  std::string error_of(ChildSpec child) {
    const auto launched = launch(std::move(child));
    if (launched) return "it started";
    EXPECT_EQ(launched.error().code, ErrorCode::spawn_failed);
    return launched.error().text();
  }

  boost::asio::io_context loop_;
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian")});
};

}  // namespace mcp

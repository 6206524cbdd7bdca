#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <initializer_list>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/cli/run_cli.h"
#include "mcp/base/log.h"
#include "tests/support/programs.h"

namespace gateway {

/// Runs the program inside the test, in a folder and an environment of its own.
class CliTest : public testing::Test {
 protected:
  struct Outcome {
    int exit = -1;
    std::string out, err;
  };

  CliTest() {
    std::string folder = testing::TempDir() + "switchyard-cli-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    variables_ = {{"HOME", folder_ + "/home"}, {"PATH", "/usr/bin:/bin"}, {"SWITCHYARD_STATE", folder_ + "/state"}};
  }

  ~CliTest() override {
    mcp::configure_log(mcp::LogFormat::text, "info");
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }

  Outcome run(std::initializer_list<std::string> args, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    Console console{.in = in, .out = out, .err = err};
    console.in_terminal = console.out_terminal = terminal_;
    std::vector<const char*> argv = {"switchyard"};
    for (const std::string& arg : args)
      argv.push_back(arg.c_str());
    HostEnvironment environment;
    environment.variables = [variables = variables_](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(std::string(name));
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    environment.folder = started_in_;
    environment.open_store = open_store_;
    environment.guardian = mcp::program_path("switchyard-guardian");
    const int exit = run_cli(static_cast<int>(argv.size()), argv.data(), console, std::move(environment));
    return {exit, out.str(), err.str()};
  }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string file = folder_ + "/" + name;
    std::ofstream(file) << text;
    return file;
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  std::string started_in_;  // the folder; "": of no concern
  StoreOpener open_store_;
  bool terminal_ = false;  // input and output are one
};

}  // namespace gateway

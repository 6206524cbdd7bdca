#pragma once

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/host/environments.h"
#include "gateway/host/reloader.h"
#include "tests/gateway/config/config_text.h"
#include "tests/gateway/host/reload_fixture.h"
#include "tests/support/programs.h"
#include "tests/support/temp_folder.h"

namespace gateway {

/// A gateway that is put together as the program's is, over a file that the test writes.
class FileReloadTest : public ReloadTest {
 protected:
  ~FileReloadTest() override {
    if (reloader_) mcp::run_task(loop_, reloader_->stop());
    if (watched_) watched_->stop();
  }

  /// Text with "@PROGRAM@" for stdio_fault and "@DIR@" for the test's folder.
  std::string filled(std::string text) const {
    for (const auto& [mark, value] : marks_) {
      for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
        text.replace(at, mark.size(), value);
    }
    return text;
  }

  void write(const std::string& text) { folder_.write("switchyard.json", filled(text)); }

  /// Starts on the file as it is.
  void start_file() {
    auto read = load_config(folder_.file("switchyard.json"), variables());
    ASSERT_TRUE(read) << read.error().text();
    config_ = std::move(*read);
    gateway_ = std::make_unique<Gateway>(dependencies_, config_);
    Environments::Needs needs{.executor = loop_.get_executor(), .launcher = launcher_.get(), .variables = variables()};
    watched_ = std::make_unique<Environments>(std::move(needs),
                                              [this] { announced_ = gateway_->apply(gateway_->config(), watched_->states()); });
    watched_->configure(config_.environments);
    gateway_->apply(config_, watched_->states());
    ReloaderOptions options{.environment = variables()};
    options.quiet = quiet_;
    options.overrule = [this](Config& config) {
      if (on_read_) on_read_(config);
    };
    options.configure_environments = [this](const Config& config) {
      watched_->configure(config.environments);
      return watched_->states();
    };
    options.preview_environments = [this](const Config& config) { return watched_->preview(config.environments); };
    options.on_applied = [this](const Config& config) { applied_.push_back(config); };
    reloader_ = std::make_unique<Reloader>(loop_.get_executor(), helpers_, *gateway_, std::move(options));
    gateway_->start();
    settle_all();
    mcp::run_task(loop_, watched_->wait_looked(std::chrono::steady_clock::time_point::max()));
    settle_all();
  }

  void start_file(const std::string& text) {
    write(text);
    start_file();
  }

  mcp::Result<Plan> reload_file() { return mcp::run_task(loop_, reloader_->reload("test")); }

  mcp::Result<Plan> reload_file(const std::string& text) {
    write(text);
    return reload_file();
  }

  mcp::Result<Plan> plan_file(const std::string& file = "") { return mcp::run_task(loop_, reloader_->plan(file)); }

  Environment variables() const { return environment_of(variables_); }

  mcp::TempFolder folder_;
  std::map<std::string, std::string, std::less<>> variables_;
  std::map<std::string, std::string> marks_ = {{"@PROGRAM@", mcp::program_path("stdio_fault")}, {"@DIR@", folder_.path()}};
  std::chrono::milliseconds quiet_{20};
  std::function<void(Config&)> on_read_;  // told of each configuration that was read, before anything is done with it
  std::vector<Config> applied_;
  Plan announced_;  // of the last change of an environment
  std::unique_ptr<Environments> watched_;
  std::unique_ptr<Reloader> reloader_;
  boost::asio::thread_pool helpers_{1};
};

}  // namespace gateway

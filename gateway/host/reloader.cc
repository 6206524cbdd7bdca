#include "gateway/host/reloader.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <utility>

#include "gateway/config/listener_access.h"
#include "gateway/host/gateway.h"
#include "mcp/base/log.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::ErrorCode;
using mcp::Event;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kMostReadings = 3;  // for one reload

Task<Result<Config>> read_on_helper(std::string file, Environment environment) {
  co_return load_config(file, environment);
}

}  // namespace

/// The next reload begins when this one is over, however it ended.
class Reloader::Turn {
 public:
  explicit Turn(std::shared_ptr<Event>& free) : free_(free) {}

  ~Turn() {
    const auto free = std::exchange(free_, nullptr);
    free->set();
  }

  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::shared_ptr<Event>& free_;
};

Reloader::Reloader(const mcp::Executor& executor, asio::thread_pool& helpers, Gateway& gateway, ReloaderOptions options)
    : executor_(executor), helpers_(helpers), gateway_(gateway), options_(std::move(options)) {}

void Reloader::watch() {
  watch_ = make_file_watch(executor_, options_.quiet, [this] { asio::co_spawn(executor_, reload("file"), asio::detached); });
  watch_files(gateway_.config());
  asio::co_spawn(executor_, catch_up(), asio::detached);
}

/// Whether there are files among those it is read from that were not watched before.
bool Reloader::watch_files(const Config& config) {
  if (!watch_) return false;
  std::vector<std::string> files = config.files;
  std::ranges::move(files_of(config.access), std::back_inserter(files));
  files.push_back(config.file);
  return watch_->watch(std::move(files));
}

/// Between the first reading and the watch the file may have changed.
Task<void> Reloader::catch_up() {
  std::string own;
  const auto changes = co_await plan_of(std::move(own), Gateway::Failed::leave);
  // What these files hold is not a part of a plan.
  const bool tells_all = files_of(gateway_.config().access).empty();
  if (changes && changes->changes_nothing() && tells_all) co_return;
  std::string trigger = "file";
  co_await reload(std::move(trigger));
}

Task<Result<Config>> Reloader::read(std::string file) {
  auto reading = read_on_helper(std::move(file), options_.environment);
  auto config = co_await asio::co_spawn(helpers_, std::move(reading), asio::use_awaitable);
  if (config && options_.overrule) options_.overrule(*config);
  co_return config;
}

Task<Result<Plan>> Reloader::reload(std::string trigger) {
  while (free_) {
    const auto free = free_;
    co_await free->wait();
  }
  if (stopping_) co_return fail(ErrorCode::shutting_down, "the gateway is stopping");
  free_ = std::make_shared<Event>(executor_);
  const Turn turn(free_);
  auto outcome = co_await reload_alone(trigger);
  note(trigger, outcome);
  co_return outcome;
}

Task<Result<Plan>> Reloader::reload_alone(std::string trigger) {
  const std::string file = gateway_.config().file;
  if (watch_) watch_->take_note();
  auto config = co_await read(file);
  // What it names now may be other files, and nobody would hear of what became of them since they were read.
  for (int times = 1; times < kMostReadings && config && !stopping_ && watch_files(*config); ++times)
    config = co_await read(file);
  if (!config) co_return std::unexpected(std::move(config).error());
  if (stopping_) co_return fail(ErrorCode::shutting_down, "the gateway is stopping");
  if (options_.prepare) {
    auto prepared = co_await options_.prepare(*config);
    if (!prepared) co_return std::unexpected(std::move(prepared).error());
  }
  if (stopping_) co_return fail(ErrorCode::shutting_down, "the gateway is stopping");
  auto environments = options_.configure_environments(*config);
  Plan plan = gateway_.apply(std::move(*config), std::move(environments), Gateway::Failed::retry);
  if (options_.on_applied) options_.on_applied(gateway_.config());
  if (!plan.changes_nothing()) mcp::log_info("reload", "configuration reloaded: " + plan.summary(), {{"trigger", trigger}});
  co_return plan;
}

void Reloader::note(const std::string& trigger, const Result<Plan>& outcome) {
  if (!outcome && outcome.error().code == ErrorCode::shutting_down) return;
  status_.at = std::chrono::system_clock::now();
  ++(outcome ? status_.done : status_.failed);
  status_.error.reset();
  if (outcome) {
    status_.last = outcome->summary();
  } else {
    status_.error = outcome.error();
    mcp::log_error(
        "reload", "the configuration cannot be used, and nothing changes: " + outcome.error().text(), {{"trigger", trigger}});
  }
  if (options_.on_noted) options_.on_noted(trigger, outcome);
}

Task<Result<Plan>> Reloader::plan(std::string file) {
  return plan_of(std::move(file), Gateway::Failed::retry);
}

Task<Result<Plan>> Reloader::plan_of(std::string file, Gateway::Failed failed) {
  const std::string own = gateway_.config().file;
  if (file.empty()) file = own;
  auto config = co_await read(std::move(file));
  if (!config) co_return std::unexpected(std::move(config).error());
  if (options_.check) {
    auto checked = co_await options_.check(*config);
    if (!checked) co_return std::unexpected(std::move(checked).error());
  }
  const std::string read_from = std::exchange(config->file, own);  // as if it stood in the place of the gateway's own
  const auto environments = options_.preview_environments(*config);
  Plan plan = gateway_.plan(*config, environments, failed);
  plan.warnings.clear();
  for (const Diagnostic& diagnostic : config->diagnostics)
    plan.warnings.push_back(diagnostic.text(read_from));
  co_return plan;
}

Task<void> Reloader::stop() {
  stopping_ = true;
  watch_.reset();
  while (free_) {
    const auto free = free_;
    co_await free->wait();
  }
}

}  // namespace gateway

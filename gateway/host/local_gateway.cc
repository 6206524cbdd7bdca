#include "gateway/host/local_gateway.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <utility>

#include "gateway/host/ask_loop.h"
#include "gateway/host/environments.h"
#include "gateway/host/event_feed.h"
#include "gateway/host/gateway.h"
#include "gateway/host/random_source.h"
#include "mcp/base/random.h"
#include "mcp/json/text.h"
#include "mcp/session/server_session.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

class LocalGatewayImpl final : public LocalGateway {
 public:
  LocalGatewayImpl(Config config, HostEnvironment environment, const std::string& state_dir)
      : launcher_(mcp::make_process_launcher({.guardian = environment.guardian, .records = child_records_dir(state_dir)})) {
    RuntimeDependencies dependencies{.executor = loop_.get_executor(), .launcher = launcher_.get()};
    dependencies.environment = environment_with_state(std::move(environment.variables), state_dir);
    dependencies.random = make_random_source();
    dependencies.http.resolver = std::make_shared<mcp::Resolver>();
    dependencies.http.tls = std::make_shared<mcp::TlsContexts>();
    dependencies.http.proxy = std::make_shared<mcp::ProxySettings>(dependencies.environment);
    dependencies.identity_key = mcp::random_hex(16);
    Environments::Needs needs{.executor = loop_.get_executor(), .launcher = launcher_.get(), .variables = dependencies.environment};
    environments_ = std::make_unique<Environments>(std::move(needs), [this] {
      gateway_->apply(gateway_->config(), environments_->states());
      feed_.environments_changed(environments_->states());
      tell_state();
    });
    environments_->configure(config.environments);
    gateway_ = std::make_unique<Gateway>(std::move(dependencies), std::move(config), environments_->states());
    gateway_->listen(feed_.listener([this](const Runtime&) { tell_state(); }));
    gateway_->start();
    asio::co_spawn(loop_, look_at_environments(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }

  ~LocalGatewayImpl() override {
    std::promise<void> stopped;
    asio::co_spawn(loop_, stop(), [&stopped](const std::exception_ptr&) { stopped.set_value(); });
    stopped.get_future().wait();
    loop_.stop();
    thread_.join();
    environments_.reset();
    gateway_.reset();
  }

  LocalGatewayImpl(const LocalGatewayImpl&) = delete;
  LocalGatewayImpl& operator=(const LocalGatewayImpl&) = delete;

  Result<GatewayStatus> status() override {
    return ask_loop(loop_, [this]() -> Result<GatewayStatus> { return whole_status(); });
  }

  Result<ToolTable> tools(const std::string& profile) override {
    return ask_loop(loop_, [this, profile] { return gateway_->tools(profile); });
  }

  EventLog& events() override { return events_; }

  Result<Moment> moment() override {
    return ask_loop(loop_, [this]() -> Result<Moment> { return Moment{whole_status(), events_.last()}; });
  }

  Result<ExplainAnswer> explain(const ExplainQuestion& question) override {
    return ask_loop(loop_, [this, question] { return gateway_->explain(question); });
  }

  Result<std::string> call(const std::string& profile,
                           const std::string& tool,
                           const std::string& arguments,
                           const std::function<void(std::string_view)>& on_progress) override {
    if (!profile.empty()) {
      if (auto known = check_profile(profile); !known) return std::unexpected(std::move(known).error());
    }
    std::promise<Result<std::string>> promise;
    const std::string path = profile.empty() ? "/mcp" : "/mcp/" + profile;
    asio::co_spawn(loop_,
                   call_tool(path, tool, arguments, on_progress),
                   [&promise](const std::exception_ptr&, Result<std::string> answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }

 private:
  GatewayStatus whole_status() const {
    GatewayStatus status = gateway_->status();
    status.settled = status.settled && looked_;
    return status;
  }

  Task<void> look_at_environments() {
    co_await environments_->wait_looked(std::chrono::steady_clock::time_point::max());
    looked_ = true;
    tell_state();
  }

  void tell_state() { feed_.gateway_is({.ready = gateway_->ready(), .settled = looked_ && gateway_->settled()}); }

  Task<void> stop() {
    environments_->stop();
    co_await gateway_->stop();
  }

  /// What is served besides profiles is no profile of that name.
  Result<> check_profile(const std::string& profile) {
    return ask_loop(loop_, [this, profile] { return gateway_->config().check_profile(profile); });
  }

  Task<Result<std::string>> call_tool(std::string path,
                                      std::string tool,
                                      std::string arguments,
                                      std::function<void(std::string_view)> on_progress) {
    auto handler = gateway_->open_session(path);
    if (!handler) co_return std::unexpected(std::move(handler).error());
    mcp::ServerSessionOptions options;
    options.label = "command line";
    auto session = mcp::ServerSession::create(std::move(*handler), std::move(options));
    mcp::ServerSession::Outlet outlet = [on_progress](const Message& message) {
      if (on_progress) on_progress(message.raw(message.envelope().params));
      return true;
    };
    const std::string hello =
        R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"switchyard call","version":")" SWITCHYARD_VERSION
        R"("}})";
    Message introduction = Message::request("1", "initialize", hello);
    co_await session->serve(std::move(introduction), outlet);
    const std::string params =
        "{\"name\":" + mcp::json_string(tool) + ",\"arguments\":" + arguments + R"(,"_meta":{"progressToken":"call"}})";
    Message request = Message::request("2", "tools/call", params);
    auto answer = co_await session->serve(std::move(request), outlet);
    if (!answer) co_return mcp::fail(mcp::ErrorCode::cancelled, "the call was cancelled");
    co_return std::string(answer->text());
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  std::unique_ptr<mcp::ProcessLauncher> launcher_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Environments> environments_;
  EventLog events_;
  EventFeed feed_{events_};
  bool looked_ = false;  // at the environments, for the first time
  std::thread thread_;
};

}  // namespace

bool LocalGateway::wait_settled(std::chrono::milliseconds timeout, const std::function<bool(const GatewayStatus&)>& enough) {
  const EventLog::Listener listener(events());
  const auto until = std::chrono::steady_clock::now() + timeout;
  do {
    listener.clear();
    const auto now = status();
    if (!now || now->settled || (enough && enough(*now))) return true;
  } while (listener.wait_until(until));
  return false;
}

Result<std::unique_ptr<LocalGateway>> LocalGateway::start(Config config,
                                                          HostEnvironment environment,
                                                          const std::string& state_dir) {
  return std::make_unique<LocalGatewayImpl>(std::move(config), std::move(environment), state_dir);
}

}  // namespace gateway

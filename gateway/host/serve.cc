#include "gateway/host/serve.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <utility>

#include "gateway/admin/admin_server.h"
#include "gateway/admin/admin_views.h"
#include "gateway/downstream/http_endpoint.h"
#include "gateway/downstream/stdio_endpoint.h"
#include "gateway/host/descriptor_limit.h"
#include "gateway/host/doorkeeper.h"
#include "gateway/host/environments.h"
#include "gateway/host/event_feed.h"
#include "gateway/host/gateway.h"
#include "gateway/host/host_admin.h"
#include "gateway/host/host_logins.h"
#include "gateway/host/identity_key.h"
#include "gateway/host/login_desk.h"
#include "gateway/host/other_ports.h"
#include "gateway/host/random_source.h"
#include "gateway/host/reloader.h"
#include "gateway/host/state_file.h"
#include "gateway/host/stop_signals.h"
#include "gateway/upstream/catalog_store.h"
#include "gateway/upstream/process_budget.h"
#include "mcp/base/log.h"
#include "mcp/base/random.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Error;
using mcp::Result;
using mcp::Task;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxClientMessage = std::size_t{4} << 20;
constexpr auto kFirstLooks = std::chrono::seconds(60);  // at environments; one may hang
constexpr std::size_t kMaxQueued = std::size_t{64} << 20;

/// Builds the parts in order, runs the loop, and stops the parts in reverse.
class Service final {
 public:
  explicit Service(ServeOptions options)
      : options_(std::move(options)),
        wake_(loop_.get_executor()),
        signals_(loop_),
        launcher_(mcp::make_process_launcher({.guardian = options_.environment.guardian,
                                              .open_files = raise_descriptor_limit(),
                                              .records = child_records_dir(options_.state_dir)})) {}

  Result<> run() {
    auto lock = StateLock::acquire(options_.state_dir);
    if (!lock) return std::unexpected(std::move(lock).error());
    lock_ = std::move(*lock);
    auto key = load_identity_key(options_.state_dir);
    if (!key) return std::unexpected(std::move(key).error());
    identity_key_ = std::move(*key);
    Result<> outcome;
    asio::co_spawn(loop_, main(), [this, &outcome](const std::exception_ptr&, Result<> result) {
      outcome = std::move(result);
      loop_.stop();
    });
    loop_.run();
    return outcome;
  }

 private:
  Task<Result<>> main() {
    watch_signals();
    catalogs_ = std::make_shared<CatalogStore>(loop_.get_executor(), helpers_, options_.state_dir + "/catalogs");
    const auto digests = digests_of(options_.config, identity_key_);
    auto wanted = digests;
    co_await catalogs_->load(std::move(wanted));
    catalogs_->prune(digests);
    make_logins();
    co_await logins_->start();
    make_gateway();
    auto access = options_.config.access;
    Result<> outcome = co_await doorkeeper_.start(std::move(access));
    if (outcome) outcome = open_listeners();
    if (outcome) {
      gateway_->start();
      reloader_->watch();
      logins_->watch();
      mcp::log_info("host", "listening", {{"mcp", mcp_url()}, {"admin", admin_url()}});
      if (options_.on_listening) options_.on_listening(whole_status());
      if (options_.stdio) open_stdio();
      asio::co_spawn(loop_, watch_start(), asio::detached);
      co_await wake_.wait();
      if (failure_) outcome = std::unexpected(*failure_);
    }
    co_await shut_down();
    co_return outcome;
  }

  void watch_signals() {
    signals_.watch({.on_reload =
                        [this] {
                          // One that its client has started ends with the client, whatever the signal says.
                          if (options_.stdio) return false;
                          if (reloader_) asio::co_spawn(loop_, reloader_->reload("SIGHUP"), asio::detached);
                          return true;
                        },
                    .on_stop =
                        [this](int signal) {
                          mcp::log_info("host", "stopping", {{"signal", std::int64_t{signal}}});
                          tell_stopping();
                          wake_.set();
                        }});
  }

  void tell_stopping() const {
    if (!gateway_) return;
    std::size_t open = 0;
    for (const auto& server : gateway_->status().servers)
      open += server.open_calls;
    if (open > 0 && options_.on_stopping) options_.on_stopping(open);
  }

  void make_logins() {
    logins_ = std::make_unique<HostLogins>(HostLoginsOptions{
        .executor = loop_.get_executor(), .state_dir = options_.state_dir, .environment = options_.environment.variables});
    login_desk_ = std::make_unique<LoginDesk>(loop_.get_executor(), logins_->servers());
    logins_->servers()->listen(
        [this] {
          if (gateway_) gateway_->logins_changed();
        },
        [this] {
          if (gateway_) gateway_->login_status_changed();
        });
  }

  void make_gateway() {
    RuntimeDependencies dependencies{.executor = loop_.get_executor(), .launcher = launcher_.get()};
    dependencies.environment = environment_with_state(options_.environment.variables, options_.state_dir);
    dependencies.random = make_random_source();
    dependencies.logins = logins_->servers();
    dependencies.resolver = logins_->http().resolver;
    dependencies.tls = logins_->http().tls;
    dependencies.proxy = logins_->http().proxy;
    dependencies.instance = mcp::random_hex(16);
    dependencies.identity_key = identity_key_;
    dependencies.catalogs = catalogs_;
    budget_ = std::make_shared<ProcessBudget>(loop_.get_executor(), helpers_);
    budget_->set_limits(options_.config.limits);
    budget_->start();
    dependencies.budget = budget_;
    const Environment variables = options_.environment.variables;
    environments_ = std::make_unique<Environments>(
        Environments::Needs{.executor = loop_.get_executor(), .launcher = launcher_.get(), .variables = variables}, [this] {
          source_.announced(gateway_->apply(gateway_->config(), environments_->states()));
          feed_.environments_changed(environments_->states());
          tell_state();
        });
    environments_->configure(options_.config.environments);
    gateway_ = std::make_unique<Gateway>(std::move(dependencies), options_.config, environments_->states());
    gateway_->offer_logins(source_.login_links());
    gateway_->listen(feed_.listener([this](const Runtime&) { tell_progress(); }));
    feed_.environments_changed(environments_->states());
    ReloaderOptions reloading{.environment = variables};
    reloading.overrule = [this](Config& config) {
      if (options_.listen) config.listen = *options_.listen;
      if (options_.admin) config.admin = *options_.admin;
    };
    reloading.check = [this](const Config& config) { return doorkeeper_.check(config.access, http_->address()); };
    reloading.prepare = [this](const Config& config) { return prepare(config); };
    reloading.on_applied = [this](const Config& config) {
      doorkeeper_.apply(*http_);
      http_->allow(config.allowed_hosts, config.allowed_origins);
      budget_->set_limits(config.limits);
    };
    reloading.on_noted = [this](const std::string& trigger, const Result<Plan>& outcome) {
      feed_.reloaded(trigger, outcome);
      feed_.environments_changed(environments_->states());
      tell_state();
    };
    reloading.configure_environments = [this](const Config& config) {
      environments_->configure(config.environments);
      return environments_->states();
    };
    reloading.preview_environments = [this](const Config& config) { return environments_->preview(config.environments); };
    reloader_ = std::make_unique<Reloader>(loop_.get_executor(), helpers_, *gateway_, std::move(reloading));
  }

  Task<Result<>> prepare(const Config& config) {
    auto digests = digests_of(config, identity_key_);
    std::erase_if(digests, [this](const std::string& digest) { return gateway_->runs(digest); });
    co_await catalogs_->load(std::move(digests));
    co_return co_await doorkeeper_.prepare(config.access, http_->address());
  }

  Result<> open_listeners() {
    auto endpoint = open_near(options_.config.listen, [this](const ListenAddress& address) { return open_http(address); });
    if (!endpoint) return std::unexpected(std::move(endpoint).error());
    http_ = std::move(*endpoint);

    const std::string token = mcp::random_hex(32);
    auto admin =
        open_near(options_.config.admin, [&](const ListenAddress& address) { return start_admin_server(address, token, source_); });
    if (!admin) return std::unexpected(std::move(admin).error());
    admin_ = std::move(*admin);
    warn_of_other_ports(options_.config, http_->address().port, admin_->port(), whole_status());

    RunningGateway running{.pid = ::getpid(), .mcp_url = mcp_url(), .local_url = http_->local_url()};
    running.mcp_token = doorkeeper_.local_token();
    running.admin_url = admin_url();
    running.token = token;
    running.config = options_.config.file;
    return lock_->publish(running);
  }

  Result<std::unique_ptr<HttpEndpoint>> open_http(const ListenAddress& address) {
    HttpEndpointOptions http;
    http.listen = address;
    http.allowed_hosts = options_.config.allowed_hosts;
    http.allowed_origins = options_.config.allowed_origins;
    http.http.max_body = kMaxClientMessage;
    doorkeeper_.furnish(http);
    http.open_session = [this](std::string_view path) { return gateway_->open_session(path); };
    http.document = [this](std::string_view path) { return gateway_->client_document(path); };
    http.callback = [this](mcp::HttpExchange& exchange) {
      if (!gateway_->is_callback(exchange.path())) return false;
      oauth::show_page(exchange, login_desk_->come_back(exchange.path(), exchange.query()));
      return true;
    };
    http.not_ready = [this] { return missing_text(whole_status()); };
    return HttpEndpoint::open(loop_.get_executor(), std::move(http));
  }

  /// Where our client comes over stdin, a port that is taken is no reason to let it down: any free one does. Who else looks for
  /// this gateway finds it by gateway.json.
  template <class Open>
  auto open_near(ListenAddress address, const Open& open) -> decltype(open(address)) {
    auto opened = open(address);
    if (opened || !options_.stdio || address.port == 0 || opened.error().code != mcp::ErrorCode::io_error) return opened;
    address.port = 0;
    auto other = open(address);
    return other ? std::move(other) : std::move(opened);
  }

  void open_stdio() {
    auto handler = gateway_->open_session(options_.profile.empty() ? "/mcp" : "/mcp/" + options_.profile);
    auto pipe = mcp::make_stdio_server(loop_.get_executor(), STDIN_FILENO, STDOUT_FILENO, kMaxClientMessage, kMaxQueued);
    stdio_ = std::make_shared<StdioEndpoint>(loop_.get_executor(), std::move(pipe), std::move(*handler));
    stdio_->open();
    asio::co_spawn(loop_, watch_stdio(stdio_), asio::detached);
  }

  Task<void> watch_stdio(std::shared_ptr<StdioEndpoint> endpoint) {
    co_await endpoint->closed().wait();
    wake_.set();
  }

  /// Follows the first start of the servers: required ones must come up, people want to see how it goes.
  Task<void> watch_start() {
    co_await environments_->wait_looked(Clock::now() + kFirstLooks);
    looked_ = true;
    tell_state();
    auto required = co_await gateway_->wait_required();
    if (!required) {
      failure_ = required.error();
      wake_.set();
      co_return;
    }
    co_await gateway_->wait_settled(Clock::time_point::max());
    tell_state();
    options_.on_progress = {};
    if (!wake_.is_set() && options_.on_settled) options_.on_settled(whole_status());
  }

  void tell_progress() {
    tell_state();
    if (options_.on_progress && !wake_.is_set()) options_.on_progress(whole_status());
  }

  void tell_state() {
    feed_.gateway_is({.ready = gateway_->ready(), .settled = looked_ && gateway_->settled(), .stopping = stopping_});
  }

  Task<void> shut_down() {
    stopping_ = true;
    tell_state();
    co_await reloader_->stop();
    environments_->stop();
    budget_->stop();
    if (http_) http_->stop_accepting();
    // The admin plane's threads may be waiting for the loop, so the loop must not wait for them: another thread does.
    if (admin_) co_await asio::co_spawn(helpers_, stop_admin(), asio::use_awaitable);
    const auto deadline = Clock::now() + options_.drain;
    if (stdio_) co_await stdio_->finish(failure_ ? Clock::now() : deadline);
    if (http_) co_await http_->stop(failure_ ? Clock::now() : deadline);
    login_desk_->stop();
    co_await gateway_->stop();
    co_await logins_->close();
    signals_.cancel();
    helpers_.join();
    launcher_.reset();
    lock_.reset();
  }

  Task<void> stop_admin() {
    admin_->stop();
    co_return;
  }

  std::string mcp_url() const { return http_ ? http_->url() : ""; }

  std::string admin_url() const {
    return admin_ ? "http://" + ListenAddress{options_.config.admin.host, admin_->port()}.text() : "";
  }

  GatewayStatus whole_status() const {
    GatewayStatus status = gateway_->status();
    status.mcp_url = mcp_url();
    status.admin_url = admin_url();
    status.access_tokens = doorkeeper_.names();
    status.settled = status.settled && looked_;
    status.stopping = stopping_;
    status.reload = reloader_->status();
    status.environments = environments_->states();
    if (http_) {
      status.sessions = http_->sessions();
      status.streams = http_->streams();
      status.connections = http_->connections();
    }
    return status;
  }

  ServeOptions options_;
  asio::io_context loop_{1};
  asio::thread_pool helpers_{1};
  mcp::Event wake_;  // time to stop
  StopSignals signals_;
  std::unique_ptr<mcp::ProcessLauncher> launcher_;
  std::unique_ptr<StateLock> lock_;
  std::string identity_key_;
  std::shared_ptr<CatalogStore> catalogs_;
  std::shared_ptr<ProcessBudget> budget_;
  EventLog events_;
  EventFeed feed_{events_};
  std::unique_ptr<HostLogins> logins_;
  Doorkeeper doorkeeper_{helpers_, options_.environment.variables, mcp::random_hex(32)};
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Environments> environments_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<HttpEndpoint> http_;
  std::unique_ptr<LoginDesk> login_desk_;
  HostAdmin source_{{.loop = loop_,
                     .events = events_,
                     .gateway = gateway_,
                     .reloader = reloader_,
                     .environments = environments_,
                     .logins = login_desk_,
                     .status = [this] { return whole_status(); }}};
  std::unique_ptr<AdminServer> admin_;
  std::shared_ptr<StdioEndpoint> stdio_;
  std::optional<Error> failure_;
  bool looked_ = false;  // at the environments, for the first time
  bool stopping_ = false;
};

}  // namespace

Result<> serve(ServeOptions options) {
  return Service(std::move(options)).run();
}

}  // namespace gateway

#include "gateway/host/gateway.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/host/self_reference.h"
#include "gateway/upstream/catalog_store.h"
#include "mcp/base/log.h"
#include "mcp/base/percent.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

Gateway::Gateway(RuntimeDependencies dependencies, Config config, EnvironmentStates environments)
    : dependencies_(std::move(dependencies)),
      config_(std::move(config)),
      validator_(dependencies_.executor),
      started_(std::chrono::system_clock::now()) {
  dependencies_.environment = environment_within(std::move(dependencies_.environment), config_.file);
  main_view_ = std::make_shared<View>(
      dependencies_.executor, "/mcp", std::vector<std::shared_ptr<Runtime>>(), Naming{.max_length = config_.max_name_length});
  Config first = std::exchange(config_, {});
  apply(std::move(first), std::move(environments));
}

Gateway::~Gateway() = default;

Runtime::Observer Gateway::observer() {
  Runtime::Observer observer;
  observer.state_changed = [this](Runtime& runtime) { state_changed(runtime); };
  observer.progressed = observer.state_changed;
  observer.catalog_changed = [this](Runtime& runtime) { catalog_changed(runtime); };
  observer.was_read = [this](Runtime& runtime) { keep_catalog(runtime); };
  return observer;
}

std::vector<std::shared_ptr<Runtime>> Gateway::runtimes() const {
  std::vector<std::shared_ptr<Runtime>> runtimes;
  runtimes.reserve(servers_.size());
  for (const Server& server : servers_)
    runtimes.push_back(server.runtime);
  return runtimes;
}

bool Gateway::runs(const std::string& digest) const {
  return std::ranges::any_of(servers_, [&](const Server& server) { return server.identity.digest() == digest; });
}

void Gateway::start() {
  started_servers_ = true;
  for (const Server& server : servers_)
    server.runtime->start();
}

Task<Result<>> Gateway::wait_required() {
  std::string reasons;
  Error first;
  const auto add = [&](const ServerName& name, const Error& error) {
    if (reasons.empty()) first = error;
    reasons += "\n  " + name.str() + ": " + error.text();
  };
  // Which ones are required may change meanwhile, and which runtimes they have.
  const auto is_pending = [](const std::shared_ptr<Runtime>& runtime) {
    return runtime->spec().required && !runtime->settled().is_set();
  };
  for (;;) {
    const auto all = runtimes();
    const auto pending = std::ranges::find_if(all, is_pending);
    if (pending == all.end()) break;
    co_await (*pending)->settled().wait();
  }
  for (const AbsentServer& absent : absent_) {
    if (absent.required) add(absent.name, absent.why);
  }
  for (const auto& runtime : runtimes()) {
    if (!runtime->spec().required || runtime->serves()) continue;
    add(runtime->spec().name, runtime->status().cause.value_or(runtime->unavailable()));
  }
  if (reasons.empty()) co_return Result<>();
  co_return fail(first.code, "required servers did not start:" + reasons);
}

Task<bool> Gateway::wait_settled(std::chrono::steady_clock::time_point deadline) {
  return main_view_->wait_settled(deadline);
}

std::shared_ptr<Runtime> Gateway::find_runtime(const ServerName& name) const {
  const auto found = std::ranges::find(servers_, name, [](const Server& server) { return server.identity.name(); });
  return found == servers_.end() ? nullptr : found->runtime;
}

std::shared_ptr<View> Gateway::server_view(const ServerName& name) {
  const auto found = server_views_.find(name.str());
  if (found != server_views_.end()) return found->second->closed() ? nullptr : found->second;
  const auto runtime = find_runtime(name);
  if (!runtime) return nullptr;
  std::vector<std::shared_ptr<Runtime>> members = {runtime};
  auto view =
      std::make_shared<View>(dependencies_.executor, "/mcp/servers/" + name.str(), std::move(members), Naming{.own_names = true});
  server_views_[name.str()] = view;
  return view;
}

Result<std::shared_ptr<mcp::SessionHandler>> Gateway::open_session(std::string_view path) {
  static constexpr std::string_view kRoot = "/mcp";
  static constexpr std::string_view kServers = "/mcp/servers/";
  std::shared_ptr<View> view;
  if (path == kRoot || path == "/mcp/") {
    view = main_view_;
  } else if (path.starts_with(kServers)) {
    const ServerName name(mcp::percent_decode(path.substr(kServers.size())));
    view = server_view(name);
    for (const AbsentServer& absent : absent_) {
      if (!view && absent.name == name) return std::unexpected(absent.why);
    }
  } else if (path.starts_with("/mcp/") && path != "/mcp/servers" && path.find('/', kRoot.size() + 1) == std::string_view::npos) {
    const std::string profile = mcp::percent_decode(path.substr(kRoot.size() + 1));
    if (auto known = config_.check_profile(profile); !known) return std::unexpected(std::move(known).error());
    view = profiles_.at(profile);
  }
  if (!view) {
    return fail(ErrorCode::invalid_request,
                "nothing is served at " + std::string(path.substr(0, 200)),
                "Endpoints are /mcp, /mcp/PROFILE and /mcp/servers/NAME, with the names of the configuration.");
  }
  RouterContext context{.executor = dependencies_.executor,
                        .metrics = &metrics_,
                        .validator = &validator_,
                        .limits = limits_,
                        .instance = dependencies_.instance,
                        .login_links = login_links_};
  return std::make_shared<Router>(std::move(context), std::move(view));
}

bool Gateway::settled() const {
  return started_servers_ && main_view_->settled();
}

bool Gateway::ready() const {
  return std::ranges::none_of(absent_, &AbsentServer::required) && std::ranges::all_of(servers_, [](const Server& server) {
           return !server.runtime->spec().required || server.runtime->serves();
         });
}

GatewayStatus Gateway::status() const {
  GatewayStatus status{.version = SWITCHYARD_VERSION,
                       .pid = ::getpid(),
                       .config_file = config_.file,
                       .ready = ready(),
                       .settled = settled(),
                       .started = started_};
  for (const Server& server : servers_)
    status.servers.push_back(server.runtime->status());
  status.absent = absent_;
  status.environments = environments_;
  status.retiring = retiring_.size();
  status.spawned = dependencies_.launcher->spawned();
  status.left = dependencies_.launcher->left();
  status.calls = metrics_.servers();
  status.clashes = main_view_->projection()->clashes();
  return status;
}

Result<ToolTable> Gateway::tools(const std::string& profile) const {
  auto view = main_view_;
  if (!profile.empty()) {
    if (auto known = config_.check_profile(profile); !known) return std::unexpected(std::move(known).error());
    view = profiles_.at(profile);
  }
  ToolTable table;
  const auto projection = view->projection();
  const NamedList& tools = projection->tools();
  table.clashes = tools.clashes();
  for (std::size_t i = 0; i < tools.routes().size(); ++i) {
    const Route& route = tools.routes()[i];
    table.tools.push_back({route.callable.str(), route.server.str(), route.own_name.str(), tools.list().text(i)});
  }
  return table;
}

/// For the next life of the gateway.
void Gateway::keep_catalog(const Runtime& runtime) {
  if (!dependencies_.catalogs) return;
  const auto server = std::ranges::find(servers_, &runtime, [](const Server& one) -> const Runtime* { return one.runtime.get(); });
  if (server == servers_.end()) return;
  if (auto known = runtime.known()) dependencies_.catalogs->save(server->identity.digest(), std::move(*known));
}

/// One that is replaced or goes is nobody's concern any more.
void Gateway::state_changed(const Runtime& runtime) {
  const auto is_it = [&](const Server& server) { return server.runtime.get() == &runtime; };
  if (listener_.server_changed && std::ranges::any_of(servers_, is_it)) listener_.server_changed(runtime);
}

void Gateway::catalog_changed(const Runtime& runtime) {
  // The first reading is kept when the server is ready, whether or not it differs.
  if (runtime.state() == RuntimeState::ready) keep_catalog(runtime);
  if (main_view_ && main_view_->has(runtime)) {
    const auto before = main_view_->projection();
    main_view_->rebuild();
    tell_tools(*before);
  }
  for (const auto& [name, view] : profiles_) {
    if (view->has(runtime)) view->rebuild();
  }
  for (const auto& [name, view] : server_views_) {
    if (view->has(runtime)) view->rebuild();
  }
}

Task<void> Gateway::stop() {
  listener_ = {};
  auto all = runtimes();
  all.insert(all.end(), retiring_.begin(), retiring_.end());
  co_await stop_all(std::move(all));
  while (!retiring_.empty()) {
    mcp::Event gone(dependencies_.executor);
    gone_ = &gone;
    co_await gone.wait();
    gone_ = nullptr;
  }
}

Task<void> Gateway::stop_all(std::vector<std::shared_ptr<Runtime>> runtimes) {
  struct Progress {
    explicit Progress(const mcp::Executor& executor) : done(executor) {}

    mcp::Event done;
    std::size_t left = 0;
  };
  auto progress = std::make_shared<Progress>(dependencies_.executor);
  progress->left = runtimes.size();
  for (const auto& runtime : runtimes) {
    auto stopped = [progress](const std::exception_ptr&) {
      if (--progress->left == 0) progress->done.set();
    };
    boost::asio::co_spawn(dependencies_.executor, runtime->stop(), std::move(stopped));
  }
  if (progress->left > 0) co_await progress->done.wait();
}

}  // namespace gateway

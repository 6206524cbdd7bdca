#include "gateway/host/gateway.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/host/self_reference.h"
#include "mcp/base/log.h"
#include "mcp/base/percent.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

Gateway::Gateway(RuntimeDependencies dependencies, Config config)
    : dependencies_(std::move(dependencies)), config_(std::move(config)), started_(std::chrono::system_clock::now()) {
  dependencies_.environment = environment_within(std::move(dependencies_.environment), config_.file);
  Runtime::Observer observer;
  observer.state_changed = [this](Runtime&) {
    if (state_changed_) state_changed_();
  };
  observer.catalog_changed = [this](Runtime& runtime) { catalog_changed(runtime); };
  make_servers(observer);
  if (std::ranges::any_of(runtimes_, [](const auto& runtime) { return runtime->spec().checks.any(); })) {
    validator_ = std::make_unique<CallValidator>(dependencies_.executor);
  }
  main_view_ =
      std::make_shared<View>(dependencies_.executor, "/mcp", runtimes_, Naming{.max_length = config_.max_name_length}, absent_);
  for (const ProfileSpec& profile : config_.profiles)
    profiles_[profile.name] = profile_view(profile);
}

Gateway::~Gateway() = default;

void Gateway::make_servers(const Runtime::Observer& observer) {
  auto broken = config_.broken.begin();
  const auto add_broken = [&](std::size_t place) {
    for (; broken != config_.broken.end() && broken->place <= place; ++broken)
      absent_.push_back({.name = broken->name, .why = broken->error, .place = runtimes_.size()});
  };
  for (std::size_t i = 0; i < config_.servers.size(); ++i) {
    add_broken(i);
    const ServerSpec& spec = config_.servers[i];
    if (spec.enabled) {
      runtimes_.push_back(Runtime::create(dependencies_, spec, observer));
    } else {
      Error why{ErrorCode::server_unavailable,
                "server \"" + spec.name.str() + "\" is switched off in the configuration",
                "Enable it there, then start the gateway again."};
      absent_.push_back({.name = spec.name, .why = std::move(why), .disabled = true, .place = runtimes_.size()});
    }
  }
  add_broken(config_.servers.size());
}

std::shared_ptr<View> Gateway::profile_view(const ProfileSpec& profile) const {
  std::vector<std::shared_ptr<Runtime>> members;
  std::vector<AbsentServer> absent;
  for (const ServerName& name : profile.servers) {
    if (auto runtime = find_runtime(name)) members.push_back(std::move(runtime));
    const auto missing = std::ranges::find(absent_, name, &AbsentServer::name);
    if (missing != absent_.end()) absent.push_back(*missing);
  }
  return std::make_shared<View>(dependencies_.executor,
                                "/mcp/" + profile.name,
                                std::move(members),
                                Naming{.max_length = profile.max_name_length},
                                std::move(absent));
}

void Gateway::start() {
  for (const auto& runtime : runtimes_)
    runtime->start();
}

Task<Result<>> Gateway::wait_required() {
  std::string reasons;
  Error first;
  const auto add = [&](const ServerName& name, const Error& error) {
    if (reasons.empty()) first = error;
    reasons += "\n  " + name.str() + ": " + error.text();
  };
  for (const BrokenServer& broken : config_.broken) {
    if (broken.required) add(broken.name, broken.error);
  }
  for (const auto& runtime : runtimes_) {
    if (!runtime->spec().required) continue;
    co_await runtime->settled().wait();
    if (runtime->state() == RuntimeState::ready) continue;
    add(runtime->spec().name, runtime->status().cause.value_or(runtime->unavailable()));
  }
  if (reasons.empty()) co_return Result<>();
  co_return fail(first.code, "required servers did not start:" + reasons);
}

Task<bool> Gateway::wait_settled(std::chrono::steady_clock::time_point deadline) {
  return main_view_->wait_settled(deadline);
}

std::shared_ptr<Runtime> Gateway::find_runtime(const ServerName& name) const {
  const auto found = std::ranges::find(runtimes_, name, [](const auto& runtime) { return runtime->spec().name; });
  return found == runtimes_.end() ? nullptr : *found;
}

std::shared_ptr<View> Gateway::server_view(const ServerName& name) {
  const auto found = server_views_.find(name.str());
  if (found != server_views_.end()) return found->second;
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
                        .validator = validator_.get(),
                        .startup_wait = config_.startup_wait,
                        .list_page_size = config_.list_page_size,
                        .instance = dependencies_.instance};
  return std::make_shared<Router>(std::move(context), std::move(view));
}

bool Gateway::ready() const {
  return std::ranges::none_of(config_.broken, &BrokenServer::required) && std::ranges::all_of(runtimes_, [](const auto& runtime) {
           return !runtime->spec().required || runtime->state() == RuntimeState::ready;
         });
}

GatewayStatus Gateway::status() const {
  GatewayStatus status{
      .version = SWITCHYARD_VERSION, .pid = ::getpid(), .config_file = config_.file, .ready = ready(), .started = started_};
  for (const auto& runtime : runtimes_)
    status.servers.push_back(runtime->status());
  status.absent = absent_;
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

void Gateway::catalog_changed(const Runtime& runtime) {
  if (main_view_ && main_view_->has(runtime)) main_view_->rebuild();
  for (const auto& [name, view] : profiles_) {
    if (view->has(runtime)) view->rebuild();
  }
  for (const auto& [name, view] : server_views_) {
    if (view->has(runtime)) view->rebuild();
  }
}

Task<void> Gateway::stop() {
  state_changed_ = {};
  struct Progress {
    explicit Progress(const mcp::Executor& executor) : done(executor) {}

    mcp::Event done;
    std::size_t left = 0;
  };
  auto progress = std::make_shared<Progress>(dependencies_.executor);
  progress->left = runtimes_.size();
  for (const auto& runtime : runtimes_) {
    auto stopped = [progress](const std::exception_ptr&) {
      if (--progress->left == 0) progress->done.set();
    };
    boost::asio::co_spawn(dependencies_.executor, runtime->stop(), std::move(stopped));
  }
  if (progress->left > 0) co_await progress->done.wait();
}

}  // namespace gateway

#include "gateway/host/host_admin.h"

#include <chrono>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/host/ask_loop.h"
#include "gateway/host/login_session.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kReloadWait = std::chrono::seconds(60);
constexpr auto kLoginWait = std::chrono::seconds(60);

Task<Result<LoginProgress>> failed(mcp::Error error) {
  co_return std::unexpected(std::move(error));
}

Task<Result<LogoutReport>> failed_logout(mcp::Error error) {
  co_return std::unexpected(std::move(error));
}

}  // namespace

Result<GatewayStatus> HostAdmin::status() {
  return ask_loop(parts_.loop, [this]() -> Result<GatewayStatus> { return parts_.status(); });
}

Result<AdminSource::Moment> HostAdmin::moment() {
  return ask_loop(parts_.loop, [this]() -> Result<Moment> { return Moment{parts_.status(), parts_.events.last()}; });
}

Result<ToolTable> HostAdmin::tools(const std::string& profile) {
  return ask_loop(parts_.loop, [this, profile] { return parts_.gateway->tools(profile); });
}

Result<ExplainAnswer> HostAdmin::explain(const ExplainQuestion& question) {
  return ask_loop(parts_.loop, [this, question]() -> Result<ExplainAnswer> {
    auto answer = parts_.gateway->explain({.name = question.name, .profile = question.profile, .running = true});
    if (answer) answer->config_error = parts_.reloader->status().error;
    return answer;
  });
}

Result<Plan> HostAdmin::plan(const std::string& file) {
  return ask_loop_task<Result<Plan>>(parts_.loop, kReloadWait, [this, file] { return parts_.reloader->plan(file); });
}

Result<Plan> HostAdmin::reload() {
  return ask_loop_task<Result<Plan>>(parts_.loop, kReloadWait, [this] { return parts_.reloader->reload("admin API"); });
}

Result<Plan> HostAdmin::announce(const Announcement& said) {
  return ask_loop(parts_.loop, [this, said]() -> Result<Plan> {
    announced_ = Plan();
    parts_.environments->announce(said.environment, said.available, said.instance);
    return std::exchange(announced_, {});
  });
}

/// One that is switched off can be logged in to as well.
Result<ServerSpec> HostAdmin::find(const std::string& server) const {
  const Config& config = parts_.gateway->config();
  std::vector<std::string_view> names;
  for (const ServerSpec& spec : config.servers) {
    if (spec.name.str() == server) return spec;
    names.push_back(spec.name.str());
  }
  for (const BrokenServer& broken : config.broken) {
    if (broken.name.str() == server) return std::unexpected(broken.error);
  }
  return fail(ErrorCode::config_invalid, "there is no server " + quoted(server) + name_hint(server, names));
}

LoginLinks HostAdmin::login_links() {
  return [this](const ServerName& server) { return login_link(server); };
}

Task<std::optional<LoginLink>> HostAdmin::login_link(ServerName server) {
  auto spec = find(server.str());
  if (!spec) co_return std::nullopt;
  co_return co_await parts_.logins->link(std::move(*spec));
}

Result<LoginProgress> HostAdmin::login(const LoginQuestion& question) {
  return ask_loop_task<Result<LoginProgress>>(parts_.loop, kLoginWait, [this, question] {
    if (question.action != LoginQuestion::Action::start) return parts_.logins->answer(question);
    auto spec = find(question.server);
    if (!spec) return failed(std::move(spec).error());
    return parts_.logins->start(std::move(*spec), {.account = question.account, .device = question.device});
  });
}

Result<LogoutReport> HostAdmin::log_out(const std::string& server, const std::string& account) {
  return ask_loop_task<Result<LogoutReport>>(parts_.loop, kLoginWait, [this, server, account] {
    auto spec = find(server);
    if (!spec) return failed_logout(std::move(spec).error());
    return parts_.logins->log_out(std::move(*spec), account);
  });
}

Result<std::vector<LoginUse>> HostAdmin::read_logins() {
  return ask_loop_task<Result<std::vector<LoginUse>>>(parts_.loop, kLoginWait, [this] { return read_and_list(); });
}

Task<Result<std::vector<LoginUse>>> HostAdmin::read_and_list() {
  co_await parts_.logins->read();
  std::vector<LoginUse> uses;
  const auto login_of = parts_.gateway->login_of();
  for (const ServerSpec& spec : parts_.gateway->config().servers) {
    if (spec.enabled && std::holds_alternative<HttpSpec>(spec.transport))
      uses.push_back({spec.name.str(), login_of ? login_of(spec) : ""});
  }
  co_return uses;
}

}  // namespace gateway

#include "gateway/doctor/doctor.h"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/doctor_text.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/host/stored_secrets.h"
#include "oauth/find_credentials.h"

namespace gateway {

namespace {

constexpr auto kPatience = std::chrono::seconds(4);  // with a gateway that may hang

/// The file that other commands would take, and those that would be taken else.
ConfigurationPlace place_of(const CommandContext& context) {
  const auto variable = context.environment.variables("SWITCHYARD_CONFIG");
  const bool named = variable && !variable->empty();
  const std::string usual = default_config_file([&context](std::string_view name) {
    return name == "SWITCHYARD_CONFIG" ? std::nullopt : context.environment.variables(name);
  });
  ConfigurationPlace place{.file = known_config(context)};
  if (context.options.config) {
    place.chosen_by = "--config";
    if (named) place.passed.push_back(absolute_path(*variable));
  } else if (named) {
    place.chosen_by = "SWITCHYARD_CONFIG";
  } else if (place.file != usual) {
    place.chosen_by = "the gateway that runs";
  }
  place.passed.push_back(usual);
  std::erase(place.passed, place.file);
  return place;
}

GatewayFacts facts_of(const CommandContext& context, std::vector<std::string> servers) {
  GatewayFacts facts{.running = find_running_gateway(context.state_dir()), .servers = std::move(servers)};
  if (!facts.running || !*facts.running) return facts;
  const RunningGateway& running = **facts.running;
  facts.other_config = other_config(context, running);
  facts.status = running.admin_url.empty()
                     ? mcp::fail(mcp::ErrorCode::connect_failed, "one has begun to start, and does not listen yet")
                     : ask_admin(running, "GET", "/api/v1/servers", kPatience);
  return facts;
}

/// Reads the store at once: a keyring may have to be unlocked, and nothing else is to wait for that meanwhile.
FindLogin logins_of(const CommandContext& context) {
  using Found = mcp::Result<std::optional<oauth::Credential>>;
  const auto store = open_credential_store(context.state_dir(), context.environment.variables);
  auto all = std::make_shared<const mcp::Result<oauth::CredentialStore::Loaded>>(store->load_all());
  return [all](const std::string& url, const std::string& account) -> Found {
    if (!*all) return std::unexpected(all->error());
    const oauth::Credential* newest = nullptr;
    for (const oauth::Credential& login : (*all)->credentials) {
      if (login.server_url != url || login.key.account != account) continue;
      if (newest == nullptr || login_time(login) > login_time(*newest)) newest = &login;
    }
    if (newest != nullptr) return *newest;
    // It may be that one.
    if (!(*all)->unreadable.empty()) return std::unexpected((*all)->unreadable.front());
    return std::nullopt;
  };
}

}  // namespace

Exit run_doctor(const CommandContext& context, const DoctorCommand& command) {
  DoctorOptions options{.variables = context.environment.variables,
                        .guardian = context.environment.guardian,
                        .state_dir = context.state_dir(),
                        .place = place_of(context),
                        .login = {},
                        .gateway = {},
                        .offline = command.offline};
  const auto checks = [&] {
    const ProgressLine progress(context.console.err, context.console.err_terminal, "looking");
    options.login = logins_of(context);
    options.gateway = facts_of(context, command.servers);
    return examine(options);
  }();
  if (!checks) return report_failure(context, checks.error());
  if (context.options.json) {
    context.console.out << checks_json(*checks) << "\n";
  } else {
    context.console.out << doctor_text(*checks, context.console);
  }
  return count_of(*checks, CheckLevel::error) > 0 ? Exit::failed : Exit::done;
}

}  // namespace gateway

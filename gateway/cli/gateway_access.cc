#include "gateway/cli/gateway_access.h"

#include <filesystem>
#include <utility>

#include "gateway/host/stored_secrets.h"

namespace gateway {

namespace {

/// Whether the user names a configuration for this command.
bool names_config(const CommandContext& context) {
  return context.options.config || !context.environment.variables("SWITCHYARD_CONFIG").value_or("").empty();
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error);
}

}  // namespace

std::string CommandContext::config_file() const {
  return options.config.value_or(default_config_file(environment.variables));
}

std::string CommandContext::state_dir() const {
  return options.state.value_or(default_state_dir(environment.variables));
}

std::shared_ptr<oauth::CredentialStore> CommandContext::credential_store() const {
  return environment.open_store ? environment.open_store(state_dir()) : open_credential_store(state_dir(), environment.variables);
}

bool gateway_runs_on(const CommandContext& context, const std::string& config) {
  const auto running = find_running_gateway(context.state_dir());
  return running && *running && !(*running)->config.empty() && same_file(config, (*running)->config);
}

std::string other_config(const CommandContext& context, const RunningGateway& running) {
  if (!names_config(context) || same_file(context.config_file(), running.config)) return "";
  return context.config_file();
}

mcp::Result<RunningGateway> running_gateway(const CommandContext& context) {
  auto running = find_running_gateway(context.state_dir());
  if (!running) return std::unexpected(std::move(running).error());
  if (*running && !(*running)->admin_url.empty()) return std::move(**running);
  return mcp::fail(mcp::ErrorCode::config_invalid,
                   "no gateway runs on " + context.state_dir(),
                   "Start one with \"switchyard serve\", or name its state folder with --state DIR.");
}

std::string known_config(const CommandContext& context) {
  if (names_config(context)) return context.config_file();
  const auto running = find_running_gateway(context.state_dir());
  return running && *running && !(*running)->config.empty() ? (*running)->config : context.config_file();
}

mcp::Result<std::unique_ptr<GatewayAccess>> open_gateway(const CommandContext& context) {
  auto running = find_running_gateway(context.state_dir());
  if (!running) return std::unexpected(std::move(running).error());
  if (!*running || (*running)->admin_url.empty()) return make_local_access(context);
  if (const std::string named = other_config(context, **running); !named.empty()) {
    report_note(context.console,
                "the gateway that runs (pid " + std::to_string((*running)->pid) + ") uses " + (*running)->config +
                    ", so the servers of " + named + " are started for this command alone");
    return make_local_access(context);
  }
  return make_remote_access(std::move(**running), context.console);
}

}  // namespace gateway

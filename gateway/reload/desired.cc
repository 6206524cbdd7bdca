#include "gateway/reload/desired.h"

#include <utility>

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

class Resolver {
 public:
  Resolver(const Config& config, const EnvironmentStates& environments, std::string_view key, const LoginOf& login_of)
      : config_(config), environments_(environments), key_(key), login_of_(login_of) {}

  Desired resolve() {
    for (std::size_t i = 0; i < config_.servers.size(); ++i) {
      add_broken(i);
      add(config_.servers[i]);
    }
    add_broken(config_.servers.size());
    return std::move(desired_);
  }

 private:
  void add(const ServerSpec& spec) {
    if (!spec.enabled) {
      Error why{ErrorCode::server_unavailable,
                "server \"" + spec.name.str() + "\" is switched off in the configuration",
                "Switch it on there: switchyard enable " + spec.name.str()};
      return leave_out({.name = spec.name, .why = std::move(why), .kind = AbsentServer::Kind::disabled});
    }
    std::uint64_t instance = 0;
    if (!spec.environment.empty()) {
      const auto found = environments_.find(spec.environment);
      if (found == environments_.end() || !found->second.available) {
        return leave_out({.name = spec.name,
                          .why = away(spec, found == environments_.end() ? nullptr : &found->second),
                          .kind = AbsentServer::Kind::environment,
                          .required = spec.required});
      }
      instance = found->second.instance;
    }
    const std::string login = login_of_ ? login_of_(spec) : "";
    desired_.servers.push_back(
        {std::make_shared<const ServerSpec>(spec), ServerIdentity(spec.connection(), config_.file, key_, instance, login)});
  }

  static Error away(const ServerSpec& spec, const EnvironmentState* state) {
    Error error{ErrorCode::environment_unavailable,
                "server \"" + spec.name.str() + "\" is bound to the environment \"" + spec.environment + "\", which is not there"};
    error.message += ": " + (state == nullptr ? "nobody has said that it is" : state->why);
    error.remedy = "The server and its tools come back with it.";
    return error;
  }

  void add_broken(std::size_t place) {
    for (; next_broken_ < config_.broken.size() && config_.broken[next_broken_].place <= place; ++next_broken_) {
      const BrokenServer& broken = config_.broken[next_broken_];
      leave_out({.name = broken.name, .why = broken.error, .required = broken.required});
    }
  }

  void leave_out(AbsentServer absent) {
    absent.place = desired_.servers.size();
    desired_.absent.push_back(std::move(absent));
  }

  const Config& config_;
  const EnvironmentStates& environments_;
  const std::string_view key_;
  const LoginOf& login_of_;
  std::size_t next_broken_ = 0;
  Desired desired_;
};

}  // namespace

std::vector<std::string> digests_of(const Config& config, std::string_view key) {
  std::vector<std::string> digests;
  for (const ServerSpec& spec : config.servers) {
    if (spec.enabled) digests.push_back(ServerIdentity(spec.connection(), config.file, key).digest());
  }
  return digests;
}

Desired resolve(const Config& config, const EnvironmentStates& environments, std::string_view key, const LoginOf& login_of) {
  return Resolver(config, environments, key, login_of).resolve();
}

}  // namespace gateway

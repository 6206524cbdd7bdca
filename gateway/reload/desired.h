#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/catalog/view.h"
#include "gateway/config/config.h"
#include "gateway/config/server_identity.h"

namespace gateway {

/// Whether an environment is there. It is a new instance each time it comes.
struct EnvironmentState {
  bool available = false;
  std::uint64_t instance = 0;  // how often it has come
  std::string why;             // it is not there, as people read it: "its path /mnt/x does not exist"; "" where it is
  std::chrono::system_clock::time_point since;

  bool operator==(const EnvironmentState&) const = default;
};

using EnvironmentStates = std::map<std::string, EnvironmentState, std::less<>>;

/// A server that is to run.
struct DesiredServer {
  std::shared_ptr<const ServerSpec> spec;
  ServerIdentity identity;
};

/// What a configuration asks for, all things considered: which servers are to run, and why the others are not.
struct Desired {
  std::vector<DesiredServer> servers;  // in the order of the configuration
  std::vector<AbsentServer> absent;    // AbsentServer::place: among `servers`
};

/// ServerIdentity::digest() of every server that is switched on, whether or not its environment is there.
std::vector<std::string> digests_of(const Config& config, std::string_view key);

/// Names the login by which a server is reached, "" where that is none (ServerIdentity).
using LoginOf = std::function<std::string(const ServerSpec&)>;

/// `key`: that of ServerIdentity. `login_of` {}: nobody has logged in anywhere.
Desired resolve(const Config& config, const EnvironmentStates& environments, std::string_view key, const LoginOf& login_of = {});

}  // namespace gateway

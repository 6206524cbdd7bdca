#pragma once

#include <string>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"

namespace gateway {

/// Which file the configuration is, and why that one.
struct ConfigurationPlace {
  std::string file;
  std::string chosen_by;            // "--config"; "" where it is the usual one
  std::vector<std::string> passed;  // files that would have been read, had nothing said otherwise
};

/// The file: where it is, who may read and change it, what is wrong in it, all of it. `names`: the servers that it is asked of; {}:
/// all. What is wrong with others is there too, marked as theirs.
Checks check_configuration(const ConfigurationPlace& place,
                           const mcp::Result<Config>& config,
                           const std::vector<std::string>& names = {});

/// What the configuration holds that does not fit together: profiles without servers, environments that nobody describes, variables
/// that name no proxy; and through which proxies servers are reached. `names`: the servers that it is asked of; {}: all.
Checks check_contents(const Config& config, const Environment& environment, const std::vector<std::string>& names = {});

/// Patterns of `tools` that match none of the tools that the servers are known to have from before. `state_dir`: where that is
/// kept.
Checks check_tool_patterns(const Config& config, const std::string& state_dir);

/// Whether a server is reached over HTTP beyond this machine.
bool is_remote(const ServerSpec& server);

}  // namespace gateway

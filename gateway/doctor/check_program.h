#pragma once

#include <string>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "gateway/doctor/run_program.h"

namespace gateway {

/// What there is to say of a stdio server before it is started.
struct ProgramLook {
  Checks checks;
  std::string node;  // the Node.js that would run it, to be asked for its version; "" where none does
};

/// Whether the program of a stdio server could be started: found in the PATH it gets, executable, with an interpreter, in a folder
/// that is there; and whether its arguments are what they seem to be. Starts nothing. `environment`: the gateway's.
ProgramLook check_program(const ServerSpec& server, const Environment& environment);

/// Whether Node.js is new enough for what is written for it today. Nothing where it is, or cannot be told.
Checks check_node(const std::string& server, const std::string& node, const mcp::Result<ProgramOutput>& said);

/// What of the arguments a shell would have had to make something of, and mistakes that are often made with docker and npx. Values
/// are not repeated: they may be secrets.
Checks check_arguments(const ServerSpec& server);

/// Whether it is a gateway of this very configuration, `own_config`, which would start itself without end.
Checks check_itself(const ServerSpec& server, const Environment& environment, const std::string& own_config);

/// Whether docker has its daemon, for a server that it runs.
Checks check_docker(const ServerSpec& server, const Environment& environment);

/// The last part of a command: "npx" of "/usr/bin/npx".
std::string program_name(const std::string& command);

}  // namespace gateway

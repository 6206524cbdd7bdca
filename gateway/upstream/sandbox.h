#pragma once

#include <string>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "mcp/process/child_process.h"

namespace gateway {

/// The child of a stdio server: its program, or, where its entry has a sandbox, the sandbox that is to run it, made on the
/// launcher's thread. Where that cannot be had the start fails with sandbox_unavailable; the program never runs without. What the
/// sandbox denies is logged.
///
/// Besides what programs inherit, `environment` tells SWITCHYARD_STATE (the gateway's state folder, in which a server's downloads
/// are kept) and SWITCHYARD_WITHIN (its configuration files); both are hidden from the program.
mcp::ChildSpec make_child_spec(const ServerSpec& spec, const Environment& environment);

/// "writing /srv/data": what was denied, for people.
std::string denial_text(const mcp::Denial& denial);

/// What to do where the program may do that.
std::string denial_remedy(const mcp::Denial& denial);

}  // namespace gateway

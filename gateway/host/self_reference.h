#pragma once

#include <iosfwd>
#include <string>

#include "gateway/config/config_file.h"
#include "mcp/base/error.h"

namespace gateway {

// A configuration may name the program that reads it as one of its servers. Where a gateway runs, that one is met again and notices
// (Router); where none runs, each would start the next. So programs are told within which files' gateways they run: the variable
// SWITCHYARD_WITHIN, one file a line.

/// `environment` as the programs of a gateway on `config_file` are to see it.
Environment environment_within(Environment environment, const std::string& config_file);

/// Whether this process was started, directly or not, by a gateway on that very file.
bool runs_within(const Environment& environment, const std::string& config_file);

/// Why a gateway on `config_file` does not start within itself. Code config_invalid.
mcp::Error self_reference(const std::string& config_file);

/// Answers every request that comes with this error, until the client has hung up: by its code a gateway knows that there is no use
/// in trying again, which an exit could not tell it.
void refuse_requests(std::istream& in, std::ostream& out, const mcp::Error& error);

}  // namespace gateway

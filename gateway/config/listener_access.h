#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// What "access" can say. A key that is not listed here is refused before it is read.
inline constexpr auto kAccessKeys = std::to_array<std::string_view>({"tokens", "tls", "behindProxy"});

/// Reads "access". A token's value is not looked at unless it is written out in the file: who only edits the file, or asks a
/// gateway that runs, need not have it.
void read_access(const JsonMember& member, const Environment& environment, Config& config, Findings& findings);

/// A token, and whose it is.
struct TokenValue {
  std::string name;
  std::string value;
};

/// The tokens, taken from where the configuration says they are: a variable, a file (whose last line end does not count). Reads
/// files. Errors: variable_missing, io_error, and config_invalid for one that is empty, shorter than 16 characters, not to be sent
/// in a header, or another's too. They name the token's name, never the token.
mcp::Result<std::vector<TokenValue>> read_tokens(const AccessSpec& access, const Environment& environment);

/// Why a token is easily guessed, as "it has …"; "" where it is not.
std::string weakness_of(std::string_view token);

/// The files that "access" names: of tokens, and of TLS.
std::vector<std::string> files_of(const AccessSpec& access);

/// May the MCP listener be opened at that address? Beyond loopback there must be a token, and TLS or a proxy that does it. Error
/// config_invalid says what is missing and how to write it.
mcp::Result<> check_listener(const ListenAddress& address, const AccessSpec& access);

}  // namespace gateway

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

/// The keys at top level whose values anybody reads.
std::vector<std::string_view> keys_that_are_read();

/// Those that a file of ours can have.
std::vector<std::string_view> own_top_level_keys();

/// What "limits" can say. A key that is not listed here is refused before it is read.
inline constexpr auto kLimitKeys = std::to_array<std::string_view>({"processes", "memoryMiB"});

/// Whether the file is another client's: it has keys, none of which only we have.
bool is_foreign(const JsonNode& root);

/// Where the servers of a file are: the member, or nullptr when there is none. `findings` hears what is odd about that.
const JsonMember* servers_member(const JsonNode& root, bool foreign, Findings& findings);

/// Everything of a file of ours at the top level but the servers, into `config`. Config::servers and ::broken are there already,
/// the profiles name them.
void read_top_level(const JsonNode& root, const Environment& environment, Config& config, Findings& findings);

}  // namespace gateway

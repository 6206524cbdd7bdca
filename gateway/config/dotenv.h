#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

/// What an environment file says.
struct Dotenv {
  std::vector<std::pair<std::string, std::string>> variables;  // in the order of the file; a later one of the same name wins
  std::vector<std::string> problems;                           // "line 3: expected NAME=VALUE"; never a value
};

/// Parses NAME=VALUE lines: "export " before a name, '#' comments, values bare (trimmed, up to " #"), in '…' or `…` (as they are)
/// or in "…" (\n, \r, \t, \", \\, \$ understood). Quoted values may span lines. Variables in a value are not put in.
Dotenv parse_dotenv(std::string_view text);

}  // namespace gateway

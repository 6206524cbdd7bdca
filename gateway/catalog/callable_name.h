#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/config/config.h"

namespace gateway {

/// Why a callable name is not SERVER__TOOL as it stands.
struct NameChanges {
  bool replaced = false;          // characters beyond [A-Za-z0-9_-]
  bool shortened = false;         // to the length that a view has room for
  bool ambiguous_server = false;  // the server's name contains "__" or ends in "_"
  bool like_suffix = false;       // the plain name ends like one with a suffix

  bool any() const { return replaced || shortened || ambiguous_server || like_suffix; }
};

struct ExplainedName {
  CallableName name;
  NameChanges changes;
};

/// The name under which clients call `tool` of `server`: SERVER__TOOL in [A-Za-z0-9_-], at most `max_length` characters.
/// A suffix "_" + 8 hex digits of a hash over server and tool, and nothing else, is added when a character had to be replaced, the
/// name is too long, the server's name contains "__" or ends in "_", or the plain name would itself end like such a suffix. So the
/// name of a tool never depends on what else is there. Pure. `max_length` is at least 16 (less counts as 16). Eight digits tell
/// apart what a cut or a replaced character made alike, not what somebody made alike on purpose: whoever collects names refuses a
/// second one.
///
///   files   read_file                                      files__read_file
///   github  issues.list                                    github__issues_list_a8abd7fe                    '.' is replaced
///   my_     tool                                           my___tool_25df1789                              the server ends in '_'
///   files   a_very_long_tool_name_that_goes_on_and_on_xyz  files__a_very_long_tool_name_that_goe_e1f44de8  46 in all
CallableName callable_name(const ServerName& server, const ToolName& tool, std::size_t max_length = 46);

/// The same, and why.
ExplainedName explained_name(const ServerName& server, const ToolName& tool, std::size_t max_length = 46);

/// Whether a tool of `server` could have that callable name, as far as one can tell without knowing the tools. For explanations:
/// routing never takes a name apart.
bool may_be_of(std::string_view callable, const ServerName& server, std::size_t max_length = 46);

}  // namespace gateway

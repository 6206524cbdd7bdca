#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"

namespace gateway {

/// A value with its variables put in.
struct Expansion {
  std::string text;                  // what is missing is left out
  std::vector<std::string> missing;  // variables that are not set and have no default, each once; "secret:NAME" for secrets
  std::vector<std::string> errors;   // references that mean nothing here; sentences that say what to write
  bool had_variable = false;
  std::vector<std::pair<std::string, std::string>> used;  // the variables put in and what came in their place
};

/// Puts variables in: ${NAME}, ${NAME:-default} (the default when NAME is unset or empty), the same with "env:" before the name, as
/// editors write it. ${secret:NAME} is a stored secret, which has no default. "$${" is a literal "${", a '$' before anything else
/// is itself. A value put in is not looked through again. References only an editor can resolve (${input:…}, ${workspaceFolder}, …)
/// are errors. With `lenient`, for another client's file, what is no reference of ours at all (${1:+x}) stays as it is, else it is
/// an error; one to a secret is an error there, for such a file may be a stranger's.
Expansion expand_variables(std::string_view text, const Environment& environment, bool lenient);

/// "~" or "~/…" with HOME in place of the tilde; other text, or no HOME, as it is.
std::string expand_home(const std::string& text, const Environment& environment);

/// Whether a process can have a variable of that name.
bool is_environment_name(std::string_view name);

}  // namespace gateway

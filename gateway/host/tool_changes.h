#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/catalog/projection.h"

namespace gateway {

/// What of one server's tools differs between two states of a view, by callable name, sorted.
struct ToolChanges {
  std::vector<std::string> gained, lost;
  std::vector<std::string> changed;  // another definition under the same name

  bool operator==(const ToolChanges&) const = default;
};

/// By the name of the server; of those alone of which something differs. Of views whose tools have callable names.
std::map<std::string, ToolChanges> tool_changes(const Projection& before, const Projection& after);

}  // namespace gateway

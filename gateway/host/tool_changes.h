#pragma once

#include <string>
#include <vector>

#include "gateway/catalog/projection.h"

namespace gateway {

/// What of one server's tools differs between two states of a view, by callable name, sorted.
struct ToolChanges {
  std::vector<std::string> gained, lost;
  std::vector<std::string> changed;  // another definition under the same name

  bool empty() const { return gained.empty() && lost.empty() && changed.empty(); }
};

ToolChanges tool_changes(const ServerName& server, const Projection& before, const Projection& after);

}  // namespace gateway

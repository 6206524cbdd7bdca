#pragma once

#include <string>
#include <vector>

#include "mcp/schema/run.h"

namespace mcp::schema {

/// Why a value matches none of several schemas, for someone who has to mend it: the faults of each are the input.
struct Explanation {
  std::string message;         // for the keyword itself
  std::vector<Fault> closest;  // of the alternative that was most likely meant; empty where the message says all
};

Explanation explain_no_match(const Value& value, std::vector<std::vector<Fault>> alternatives);

}  // namespace mcp::schema

#pragma once

#include <string>

#include "gateway/inspect/inspection.h"

namespace gateway {

/// For machines: {"target","transport","revision","server","capabilities","instructions","timings":{"start":ms,…},"tools":[…],
/// "prompts","resources","resourceTemplates","failed":{"tools/list":why,…},"findings":[{"id","severity","seen","subjects",
/// "leftOut","says","means","page"}],"errors","warnings","notes"}. What the server said of itself and its items are as they came.
std::string inspection_json(const Inspection& inspection);

/// Where the specification says what a rule says: an address.
std::string page_url(const Rule& rule, mcp::ProtocolVersion revision);

}  // namespace gateway

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/inspect/findings.h"
#include "mcp/base/error.h"
#include "mcp/types/protocol_version.h"

namespace gateway {

/// One kind of what a server offers.
struct OfferList {
  std::string method;               // "tools/list"
  bool declared = false;            // as a capability
  std::vector<std::string> items;   // JSON text, as they came
  std::size_t pages = 0;            // that were read
  std::size_t bytes = 0;            // of all items
  std::optional<mcp::Error> error;  // why there are no more
};

/// How long something took.
struct Timing {
  std::string what;  // "start", "handshake", "tools/list", "ping"
  std::chrono::milliseconds took{0};
};

/// What an inspection saw of one server. A value.
struct Inspection {
  std::string target;     // as people may see it
  std::string transport;  // "stdio", "streamable HTTP", "HTTP+SSE"
  mcp::ProtocolVersion revision = mcp::kLatestVersion;
  std::string server_info = "{}";   // JSON text, as it came
  std::string capabilities = "{}";  // likewise
  std::string instructions;         // decoded, whole, without the server's secrets
  OfferList tools{.method = "tools/list"}, prompts{.method = "prompts/list"}, resources{.method = "resources/list"},
      templates{.method = "resources/templates/list"};
  std::vector<Timing> timings;
  Findings findings;
};

}  // namespace gateway

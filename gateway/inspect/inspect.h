#pragma once

#include <functional>
#include <string>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/inspect/inspection.h"
#include "mcp/base/result.h"

namespace gateway {

/// What an inspection takes from the world around it.
struct InspectionOptions {
  Environment environment;                                       // of the process
  std::string guardian;                                          // path of the switchyard-guardian program
  std::chrono::milliseconds patience = std::chrono::seconds(5);  // for one answer, once the server is up
  std::string records = {};                                      // folder for records of children; "" = none
  /// What is being done, for people. From the calling thread.
  std::function<void(std::string)> on_step;
};

/// Speaks to one server, directly: what it offers, and how it deviates from its revision. Calls no tool, reads no resource, gets no
/// prompt, and ends the sessions it begins. Waits; a loop of its own runs in the calling thread meanwhile. `spec.startup_timeout`
/// bounds each start.
///
/// Error: why the server could not be reached (login_required: the server wants one). None of the server's secrets is in errors
/// and findings.
mcp::Result<Inspection> inspect(const ServerSpec& spec, InspectionOptions options);

}  // namespace gateway

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gateway/inspect/inspection.h"
#include "gateway/upstream/redaction.h"
#include "mcp/base/task.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/session/client_session.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// What all probes share. Outlives them.
struct ProbeContext {
  mcp::Executor executor;
  const Redaction& redaction;
  std::chrono::milliseconds patience = std::chrono::seconds(5);  // for one answer
  std::function<void(std::string)> on_step;                      // what is being done, for people
  Inspection& inspection;
  std::shared_ptr<const mcp::ProxySettings> proxy = {};  // null: none
};

/// An orderly session with the server: handshake, all lists, a ping, a method that does not exist. Calls nothing that acts. Error:
/// the server could not be reached, or did not shake hands within `startup`; what comes behind is findings.
mcp::Task<mcp::Result<>> probe_session(ProbeContext& context,
                                       std::shared_ptr<mcp::Transport> transport,
                                       std::chrono::milliseconds startup);

/// Whether the answer says that there is no such method (-32601).
bool is_unknown_method(const mcp::Message& answer);

/// What initialize is asked with for that revision: JSON text of its params.
std::string initialize_params(std::string_view revision);

/// A revision that nobody speaks.
inline constexpr std::string_view kNoRevision = "2099-01-01";

/// What is to be said of the answer to an initialize that asked for kNoRevision.
void judge_revision_answer(Findings& findings, const mcp::Message& answer);

}  // namespace gateway

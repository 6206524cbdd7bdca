#pragma once

#include "gateway/explain/explain_scene.h"
#include "gateway/explain/explain_subjects.h"
#include "gateway/explain/explanation.h"

namespace gateway {

// One function a stage; each takes for granted that those before were passed.

/// What is known of a server before its tools are looked at (explain_server_steps.cc, explain_login_step.cc).
ExplainStep configuration_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep runtime_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep login_step(const ExplainScene& scene, const ExplainSubject& subject);

/// The way of one tool into the list that clients get (explain_tool_steps.cc).
ExplainStep discovery_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep filter_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep name_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep client_step(const ExplainScene& scene, const ExplainSubject& subject);

/// The same for all tools of a server (explain_totals.cc).
ExplainStep all_discovery_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep all_filter_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep all_name_step(const ExplainScene& scene, const ExplainSubject& subject);
ExplainStep all_client_step(const ExplainScene& scene, const ExplainSubject& subject);

// What becomes of a step; each takes it away.

/// It fails with this.
ExplainStep failed_step(ExplainStep& step, mcp::Error error);

/// It warns of this.
ExplainStep warning_step(ExplainStep& step, std::string found, std::string remedy = {});

/// Its server is down: it has come to the end of trying, or will be tried again.
ExplainStep down_step(const ExplainScene& scene, const RuntimeStatus& status, ExplainStep step);

/// It is down for want of a login, or of what stands in for one.
bool wants_login(const RuntimeStatus& status);

/// It has nothing to look at, and why.
ExplainStep idle_step(ExplainStep& step, std::string why);

/// The server's name in double quotes, shortened.
std::string shown_name(const ExplainedServer& server);

/// The server's entry in the file, or a key of it: "mcpServers.files.tools.deny".
std::string place_of(const ExplainScene& scene, const ExplainedServer& server, std::string_view key = {});

/// The file as people read of it.
std::string file_of(const ExplainScene& scene);

/// Nobody has read yet which tools it has.
bool is_unread(const ExplainedServer& server);
mcp::Error unread_error(const ExplainedServer& server);

/// The longest name that clients take which put "mcp__switchyard__" before it and stop at 64, as Claude Code does; and the tools
/// that GitHub Copilot takes in one request.
inline constexpr std::size_t kClientNames = 64, kClientPrefix = std::string_view("mcp__switchyard__").size(), kClientTools = 128;

/// What of the whole list clients may not take: that there are too many tools. "" where there are not.
std::string too_many_text(const ExplainScene& scene);

}  // namespace gateway

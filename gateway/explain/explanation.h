#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/error.h"

namespace gateway {

/// What somebody wants explained.
struct ExplainQuestion {
  std::string name;
  std::string profile;   // "" means all servers
  bool running = false;  // agents can reach the gateway, and it runs on after the answer
};

/// What stands between an agent and a server's tool, in the order of the walk.
enum class ExplainStage { configuration, runtime, login, discovery, filter, name, client };

inline constexpr std::size_t kExplainStages = 7;

/// "configuration", …; the last is "client_limits".
std::string_view to_string(ExplainStage stage);

/// warning: it is passed, but not for everybody, or not as it was asked.
enum class StepOutcome { passed, warning, failed, not_reached, not_applicable };

std::string_view to_string(StepOutcome outcome);

/// Something of a step for machines, under the name it has there.
struct ExplainFact {
  using Time = std::chrono::system_clock::time_point;

  std::string name;
  std::variant<bool, std::int64_t, std::string, std::vector<std::string>, Time> value;
};

struct ExplainStep {
  ExplainStage stage = ExplainStage::configuration;
  StepOutcome outcome = StepOutcome::not_reached;
  std::string found;                     // one line for people; "" where it was not reached
  std::optional<mcp::ErrorCode> reason;  // where it failed
  std::string remedy;                    // where it failed, or warns and there is one
  std::vector<ExplainFact> facts;
};

/// The walk for one server, or for one tool of one.
struct Explanation {
  ServerName server;
  ToolName tool;                   // its own name; "" for the server as a whole
  CallableName callable;           // under which clients call it, or would; "" where that is not known, or for a server
  bool listed = false;             // clients see it, whether or not calls of it can be carried out
  std::vector<ExplainStep> steps;  // one for each stage, in order; after a failed one none is reached
  std::string verdict;             // "callable as files__read_file"; one line

  /// The step that failed; null where all is well.
  const ExplainStep* failed() const;
};

/// What is said of a name somebody asks for.
struct ExplainAnswer {
  std::string asked;
  bool running = false;                    // ExplainQuestion::running
  std::string view;                        // as clients address it: "/mcp", "/mcp/coding"
  std::vector<Explanation> matches;        // everything of that name
  std::optional<mcp::Error> unknown;       // where there is nothing
  std::vector<std::string> near;           // names that there are, where there is nothing
  std::vector<std::string> starting;       // servers on their very first start, after which the answer may be another one
  std::optional<mcp::Error> config_error;  // the file cannot be used as it is now; what it was before is in force

  /// At least one of the matches is offered, and calls of it go through.
  bool callable() const;
};

}  // namespace gateway

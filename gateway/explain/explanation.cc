#include "gateway/explain/explanation.h"

#include <algorithm>

namespace gateway {

std::string_view to_string(ExplainStage stage) {
  switch (stage) {
    case ExplainStage::configuration:
      return "configuration";
    case ExplainStage::runtime:
      return "runtime";
    case ExplainStage::login:
      return "login";
    case ExplainStage::discovery:
      return "discovery";
    case ExplainStage::filter:
      return "filter";
    case ExplainStage::name:
      return "name";
    case ExplainStage::client:
      break;
  }
  return "client_limits";
}

std::string_view to_string(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::passed:
      return "passed";
    case StepOutcome::warning:
      return "warning";
    case StepOutcome::failed:
      return "failed";
    case StepOutcome::not_reached:
      return "not_reached";
    case StepOutcome::not_applicable:
      break;
  }
  return "not_applicable";
}

const ExplainStep* Explanation::failed() const {
  const auto step = std::ranges::find(steps, StepOutcome::failed, &ExplainStep::outcome);
  return step == steps.end() ? nullptr : &*step;
}

bool ExplainAnswer::callable() const {
  return std::ranges::any_of(matches, [](const Explanation& match) { return match.failed() == nullptr; });
}

}  // namespace gateway

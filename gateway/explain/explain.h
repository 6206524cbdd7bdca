#pragma once

#include <string>

#include "gateway/explain/explain_scene.h"
#include "gateway/explain/explanation.h"

namespace gateway {

/// Says what keeps an agent from what it calls `asked`, or that nothing does: walks through the stages for everything of that name,
/// each walk up to the first step that fails. Pure.
ExplainAnswer explain(const ExplainScene& scene, const std::string& asked);

}  // namespace gateway

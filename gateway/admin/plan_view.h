#pragma once

#include <string>

#include "gateway/reload/plan.h"

namespace gateway {

/// GET /api/v1/plan, POST /api/v1/reload:
/// {"servers":[{name,action,before?,connection,presentation,text,views:[{view,gained,lost}]}],
/// "settings":[{what,effect}],"warnings":[…],"summary":…,"changesNothing":…}. `action` is a ServerAction, `text` says it to people
/// with the reason: "restart (env LINEAR_ENV changed)". `effect` is "applied" or "needs_restart".
std::string plan_json(const Plan& plan);

/// GET /api/v1/environments: {"environments":[{name,available,why?,since,instance}]}.
std::string environments_json(const EnvironmentStates& environments);

}  // namespace gateway

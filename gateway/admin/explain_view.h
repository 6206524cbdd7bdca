#pragma once

#include <string>

#include "gateway/explain/explanation.h"

namespace gateway {

/// GET /api/v1/explain?name=NAME[&profile=NAME]:
/// {"name","view","running","callable","matches":[{server,tool?,name?,listed,callable,verdict,failed?,reason?,remedy?,"steps":[{step,outcome,
/// found?,reason?,remedy?,facts?}]}],"unknown"?:{reason,message,remedy?},"near"?:[…],"starting"?:[…],"configError"?:{…}}.
/// `failed` is the step that did, `reason` and `remedy` are its. Times are RFC 3339.
std::string explain_json(const ExplainAnswer& answer);

}  // namespace gateway

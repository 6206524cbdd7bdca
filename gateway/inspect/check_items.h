#pragma once

#include "gateway/inspect/inspection.h"

namespace gateway {

/// What can be told of a server's offers from their text alone: adds to `inspection.findings`. Pure.
void check_items(Inspection& inspection);

}  // namespace gateway

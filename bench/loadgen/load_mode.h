#pragma once

#include "bench/loadgen/options.h"

namespace bench {

/// Opens the standing streams, then lets the connections call for the measured time, and prints what came of it.
/// Returns the exit status: 0 when at least one call was good, or none was asked for.
int run_load(const Options& options);

}  // namespace bench

#pragma once

#include "bench/loadgen/options.h"

namespace bench {

/// Starts a server, measures how long it takes until it lists the expected tools, stops it, prints what it found.
/// Returns the exit status: 0 when it became ready in time.
int run_ready(const Options& options);

}  // namespace bench

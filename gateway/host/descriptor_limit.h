#pragma once

namespace gateway {

/// Thousands of clients and children need descriptors: takes what the system allows at most. Returns what was allowed before, for
/// the children, some of which close every descriptor they could have; 0 where nothing changed.
long raise_descriptor_limit();

}  // namespace gateway

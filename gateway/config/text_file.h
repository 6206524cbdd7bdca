#pragma once

#include <cstddef>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// The whole text of a regular file. Never waits, as on a pipe, and never reads more than `max_bytes`.
/// `max_bytes` is a number of MiB. Errors: io_error that names the file and what is wrong with it ("no such file", "a folder", …);
/// its remedy, without a full stop, is empty where there is no such file.
mcp::Result<std::string> read_text_file(const std::string& file, std::size_t max_bytes);

}  // namespace gateway

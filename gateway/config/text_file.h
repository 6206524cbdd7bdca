#pragma once

#include <cstddef>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// The whole text of a regular file. Never waits, as on a pipe, and never reads more than `max_bytes`.
/// Errors: io_error that names the file and what is wrong with it ("no such file", "a folder", …).
mcp::Result<std::string> read_text_file(const std::string& file, std::size_t max_bytes);

}  // namespace gateway

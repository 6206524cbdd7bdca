#pragma once

#include <string>

namespace mcp {

/// The path of a program of this build ("switchyard-guardian", "stdio_fault"), which lies beside the running test program.
std::string program_path(const std::string& name);

}  // namespace mcp

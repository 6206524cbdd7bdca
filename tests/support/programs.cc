#include "tests/support/programs.h"

#include <filesystem>

namespace mcp {

std::string program_path(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

}  // namespace mcp

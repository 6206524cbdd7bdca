#include "gateway/host/environment.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace gateway {

namespace {

std::string xdg_dir(const Environment& variables, std::string_view variable, std::string_view below_home) {
  if (const auto dir = variables(variable); dir && dir->starts_with('/')) return *dir + "/switchyard";
  return variables("HOME").value_or("") + std::string(below_home) + "/switchyard";
}

std::string find_guardian() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "switchyard-guardian";
  const auto libexec = self.parent_path().parent_path() / "libexec/switchyard/switchyard-guardian";
  return !std::filesystem::exists(beside, error) && std::filesystem::exists(libexec, error) ? libexec : beside;
}

}  // namespace

HostEnvironment HostEnvironment::of_process() {
  HostEnvironment environment;
  environment.variables = [](std::string_view name) -> std::optional<std::string> {
    // The environment is never written to after main() began.
    const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  environment.guardian = find_guardian();
  return environment;
}

std::string default_config_file(const Environment& variables) {
  if (const auto file = variables("SWITCHYARD_CONFIG"); file && !file->empty()) return *file;
  return xdg_dir(variables, "XDG_CONFIG_HOME", "/.config") + "/switchyard.json";
}

std::string default_state_dir(const Environment& variables) {
  if (const auto dir = variables("SWITCHYARD_STATE"); dir && !dir->empty()) return *dir;
  return xdg_dir(variables, "XDG_STATE_HOME", "/.local/state");
}

}  // namespace gateway

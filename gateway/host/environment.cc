#include "gateway/host/environment.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

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
    // No variable of that form is ours; the environment is never written to after main() began.
    if (name.starts_with(kSecretPrefix)) return std::nullopt;
    const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  environment.guardian = find_guardian();
  std::error_code error;
  environment.folder = std::filesystem::current_path(error).string();
  return environment;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (error) return path;
  const std::filesystem::path plain = whole.lexically_normal();
  // "link/.." is not the folder that holds the link.
  const bool leads_elsewhere = std::filesystem::exists(whole, error) && !std::filesystem::equivalent(whole, plain, error);
  std::string text = (leads_elsewhere ? whole : plain).string();
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  return text;
}

std::string default_config_file(const Environment& variables) {
  if (const auto file = variables("SWITCHYARD_CONFIG"); file && !file->empty()) return absolute_path(*file);
  return xdg_dir(variables, "XDG_CONFIG_HOME", "/.config") + "/switchyard.json";
}

std::string default_state_dir(const Environment& variables) {
  if (const auto dir = variables("SWITCHYARD_STATE"); dir && !dir->empty()) return absolute_path(*dir);
  return xdg_dir(variables, "XDG_STATE_HOME", "/.local/state");
}

Environment environment_with_state(Environment environment, const std::string& state_dir) {
  if (state_dir.empty() || !environment) return environment;
  return [outer = std::move(environment), state = absolute_path(state_dir)](std::string_view name) {
    return name == "SWITCHYARD_STATE" ? std::optional(state) : outer(name);
  };
}

std::string child_records_dir(const std::string& state_dir) {
  return state_dir.empty() ? "" : state_dir + "/children";
}

}  // namespace gateway

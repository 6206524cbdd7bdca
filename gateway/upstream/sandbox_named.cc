// What the entry of a server names for its sandbox, and what it must not be.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "gateway/config/listener_access.h"
#include "gateway/upstream/sandbox_paths.h"
#include "gateway/upstream/sandbox_view.h"

namespace gateway {

namespace {

std::unexpected<mcp::Error> refused(std::string why, std::string remedy) {
  return mcp::fail(mcp::ErrorCode::sandbox_unavailable, "no sandbox, so it was not started: " + std::move(why), std::move(remedy));
}

/// /srv/data, which "sandbox"."write" names
std::string shown(const std::string& path, const std::string& key) {
  return path + ", which " + (key == "cwd" ? "" : "\"sandbox\".") + "\"" + key + "\" names,";
}

}  // namespace

/// What the gateway reads, and would do: the configurations within which it runs with all the files they are read from, and its
/// state.
std::vector<std::string> SandboxView::guarded() const {
  std::vector<std::string> paths;
  if (const auto state = environment_("SWITCHYARD_STATE"); state && !state->empty()) paths.push_back(*state);
  std::istringstream configurations(environment_("SWITCHYARD_WITHIN").value_or(""));
  for (std::string file; std::getline(configurations, file);) {
    paths.push_back(file);
    // One that has mistakes by now guards itself alone: with them nobody reads the others.
    const auto config = load_config(file, environment_);
    if (!config) continue;
    paths.insert(paths.end(), config->files.begin(), config->files.end());
    std::ranges::move(files_of(config->access), std::back_inserter(paths));
  }
  // The way to it may be by links, which SWITCHYARD_WITHIN has not.
  std::error_code error;
  if (const auto file = environment_("SWITCHYARD_CONFIG"); file && !file->empty())
    paths.push_back(std::filesystem::absolute(*file, error).string());
  for (const auto* variable : {"XDG_CONFIG_HOME", "XDG_STATE_HOME"}) {
    const auto folder = environment_(variable);
    if (folder && folder->starts_with('/') && !real_path(*folder + "/switchyard").empty()) paths.push_back(*folder + "/switchyard");
  }
  for (const std::string& home : homes_) {
    for (const auto* usual : {"/.config/switchyard", "/.local/state/switchyard"}) {
      if (const std::string path = home + usual; !real_path(path).empty()) paths.push_back(path);
    }
  }
  return paths;
}

mcp::Result<> SandboxView::check_guarded(const std::string& place) const {
  for (const std::string& path : guarded()) {
    const auto steps = way_to(path);
    const bool in_it = std::ranges::any_of(steps, [&](const PathStep& step) { return is_in(step.entry, place); });
    const auto state = environment_("SWITCHYARD_STATE");
    const bool in_state = state && path == *state && is_in(place, real_path(path).empty() ? path : real_path(path));
    if (!in_it && !in_state) continue;
    return refused(shown(place, "write") + " " + (in_it ? "holds " : "lies in ") + path +
                       ", which the gateway reads: the program could have it start anything, without a sandbox.",
                   "Name a folder in \"write\" that does not hold it, or move it elsewhere.");
  }
  return {};
}

/// A link that the program could make would lead it anywhere at its next start.
mcp::Result<> SandboxView::check_link_free(const std::string& path, const std::string& key) const {
  for (const PathStep& step : way_to(path)) {
    if (!step.link || !writable_above(step.entry)) continue;
    return refused(shown(path, key) + " leads through the link " + step.entry + ", which the program itself may change.",
                   "Name what the link leads to, or take it out of \"" + key + "\".");
  }
  return {};
}

/// Whoever wants a secret to be seen writes its name.
mcp::Result<> SandboxView::check_no_secret(const std::string& path, const std::string& real, const std::string& key) const {
  const std::string written = written_path(path);
  for (const std::string& secret : secrets_) {
    const auto holds = [&](const std::string& name) { return is_in(written, name); };
    if (!is_in(real, secret) || is_in(written, secret) || std::ranges::any_of(spelled_, holds)) continue;
    return refused(shown(path, key) + " leads by a link to " + secret + ", which is hidden as a secret.",
                   "If the server is to have it, name that path itself.");
  }
  return {};
}

mcp::Result<> SandboxView::check_named() {
  const auto& sandbox = spec_.sandbox;
  for (const std::string& path : sandbox.write) {
    if (std::string real = real_path(path); !real.empty()) writable_.push_back(std::move(real));
  }
  for (const auto& [key, paths] : {std::pair("write", &sandbox.write), std::pair("read", &sandbox.read)}) {
    for (const std::string& path : *paths) {
      if (auto free = check_link_free(path, key); !free) return free;
      const std::string real = real_path(path);
      if (real.empty()) {
        return refused(shown(path, key) + " does not exist or cannot be reached.",
                       "Create it, or take it out of \"" + std::string(key) + "\".");
      }
      if (auto open = check_no_secret(path, real, key); !open) return open;
    }
  }
  for (const std::string& place : writable_) {
    if (auto sound = check_guarded(place); !sound) return sound;
  }
  return spec_.cwd.empty() ? mcp::Result<>() : check_link_free(spec_.cwd, "cwd");
}

void SandboxView::add_named() {
  for (const bool writable : {false, true}) {
    for (const std::string& path : writable ? spec_.sandbox.write : spec_.sandbox.read) {
      const std::string real = real_path(path);
      if (real.empty()) continue;
      const Sight sight = writable ? Sight::write : Sight::read;
      places_[real] = sight;
      given_.insert(real);
      given_.insert(path);
      // Under the name it was given, too, where what leads there is not to be seen.
      if (path != real && !sees(path)) places_[path] = sight;
    }
  }
}

}  // namespace gateway

#include "gateway/upstream/sandbox_advice.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "gateway/config/jsonc.h"
#include "gateway/config/words.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWriting = "writing ";

/// The path itself where it is there, else the folder it would be in. Never the root, which would allow everything.
fs::path place_to_write(const fs::path& denied) {
  std::error_code error;
  if (fs::exists(denied, error) || denied.parent_path() == denied.root_path()) return denied;
  return denied.parent_path();
}

std::string listed(const std::set<std::string>& paths) {
  std::vector<std::string> names;
  names.reserve(paths.size());
  for (const std::string& path : paths)
    names.push_back(gateway::quoted(path));
  return joined(names);
}

}  // namespace

std::string sandbox_advice(const std::vector<std::string>& denied, std::string_view place) {
  std::set<std::string> there, missing;
  bool network = false;
  for (const std::string& thing : denied) {
    if (!thing.starts_with(kWriting)) {
      network = true;
      continue;
    }
    const fs::path path = place_to_write(thing.substr(kWriting.size()));
    std::error_code error;
    (fs::exists(path, error) ? there : missing).insert(path.string());
  }
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "Where it needs that: " : "; ") + part; };
  const std::string to_write = " to \"write\" in " + std::string(place);
  if (!there.empty()) add("add " + listed(there) + to_write);
  if (!missing.empty()) add("create " + listed(missing) + " and add " + (missing.size() == 1 ? "it" : "them") + to_write);
  if (network) add("set \"network\" " + (text.empty() ? "in " + std::string(place) : std::string("there")) + " to true");
  return text.empty() ? "" : text + ".";
}

}  // namespace gateway

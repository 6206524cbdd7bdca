#include <algorithm>
#include <string_view>
#include <vector>

#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_identity.h"
#include "gateway/config/shell_word.h"
#include "gateway/doctor/check_configuration.h"
#include "gateway/host/identity_key.h"
#include "gateway/upstream/catalog_store.h"

namespace gateway {

namespace {

using Names = std::vector<std::string_view>;

/// The patterns of one server, held against the tools it is known to have.
class PatternLook {
 public:
  PatternLook(const ServerSpec& server, Names tools, CheckList& list) : server_(server), tools_(std::move(tools)), list_(list) {}

  void run() {
    for (const std::string& pattern : server_.tools_allow) {
      if (pattern != "*") check("tools.allow", pattern);
    }
    for (const std::string& pattern : server_.tools_deny)
      check("tools.deny", pattern);
    for (const auto& [tool, shown] : server_.tools_override) {
      if (!matches(tool)) complain("tools.override", tool);
    }
    const auto offered = [this](std::string_view tool) { return admits(server_, tool); };
    if (!tools_.empty() && std::ranges::none_of(tools_, offered)) {
      list_.of_server().warning(
          server_.name.str(),
          "tools.allow and tools.deny leave none of its " + std::to_string(tools_.size()) + " tools",
          "See which there are with \"switchyard inspect " + shell_word(server_.name.str()) + "\", and correct the patterns.");
    }
  }

 private:
  bool matches(std::string_view pattern) const {
    return std::ranges::any_of(tools_, [&](std::string_view tool) { return glob_match(pattern, tool); });
  }

  void check(std::string_view where, const std::string& pattern) {
    if (!matches(pattern)) complain(where, pattern);
  }

  void complain(std::string_view where, const std::string& pattern) {
    const auto near = nearest_name(pattern, tools_);
    list_.of_server().warning(server_.name.str(),
                              std::string(where) + ": " + quoted(pattern) + " matches none of its " +
                                  std::to_string(tools_.size()) + " tools" + (near ? "; did you mean " + quoted(*near) + "?" : ""),
                              "See which there are with \"switchyard inspect " + shell_word(server_.name.str()) + "\".");
  }

  const ServerSpec& server_;
  const Names tools_;
  CheckList& list_;
};

}  // namespace

Checks check_tool_patterns(const Config& config, const std::string& state_dir) {
  CheckList list(CheckGroup::configuration);
  const auto key = find_identity_key(state_dir);
  if (!key || !*key) return list.take();
  for (const ServerSpec& server : config.servers) {
    if (!server.enabled) continue;
    const std::string digest = ServerIdentity(server.connection(), config.file, **key).digest();
    const auto known = read_kept_server(state_dir + "/catalogs", digest);
    if (!known || !*known) continue;
    Names tools;
    for (const CatalogEntry& tool : (*known)->catalog->tools())
      tools.push_back(tool.key);
    PatternLook(server, std::move(tools), list).run();
  }
  return list.take();
}

}  // namespace gateway

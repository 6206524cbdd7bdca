// ModelClient: lists, page by page.
#include <algorithm>
#include <set>

#include "tests/interleaving/model_client.h"

namespace gateway {

namespace {

using nlohmann::json;

constexpr std::size_t kMostListed = 50;  // of all servers there may be, and then some

const std::map<std::string, std::pair<std::string, std::string>>& list_methods() {
  // The member that is the list, and what tells its elements apart.
  static const std::map<std::string, std::pair<std::string, std::string>> all = {
      {"tools/list", {"tools", "name"}},
      {"prompts/list", {"prompts", "name"}},
      {"resources/list", {"resources", "uri"}},
      {"resources/templates/list", {"resourceTemplates", "uriTemplate"}}};
  return all;
}

}  // namespace

void ModelClient::list() {
  auto chosen = list_methods().begin();
  std::advance(chosen, dice_.below(list_methods().size()));
  json params = json::object();
  if (dice_.chance(20)) params["cursor"] = "bogus";
  request(chosen->first, std::move(params));
}

/// Pages of what changes meanwhile may miss something, but nothing comes twice.
void ModelClient::take_page(const Request& request, const json& result) {
  const std::string method = request.message["method"];
  const auto known = list_methods().find(method);
  if (known == list_methods().end()) return;
  const auto& [member, key] = known->second;
  std::vector<std::string> listed = request.listed;
  for (const json& element : result[member])
    listed.push_back(element[key]);
  if (server_ == 0) {
    const auto repeated = std::ranges::adjacent_find(listed, std::greater_equal());
    if (repeated != listed.end()) wrong("\"" + *repeated + "\" comes again on a later page: " + result.dump());
  }
  if (listed.size() > kMostListed) return wrong("a list without end: " + method);
  if (result.contains("nextCursor")) {
    if (result[member].empty()) wrong("a page without anything that is not the last");
    ++pages_;
    this->request(method, {{"cursor", result["nextCursor"]}});
    requests_[id_for(last_id_).dump()].listed = std::move(listed);
  } else if (method == "tools/list") {
    check_whole(listed);
  }
}

/// Of a server's tools all are there, or none while it is not.
void ModelClient::check_whole(const std::vector<std::string>& tools) {
  for (int server = 1; server <= servers_; ++server) {
    if (server_ != 0 && server != server_) continue;
    const bool alpha = std::ranges::find(tools, shown("alpha", server)) != tools.end();
    const bool beta = std::ranges::find(tools, shown("beta", server)) != tools.end();
    if (alpha != beta) wrong("half of the tools of s" + std::to_string(server) + " were listed: " + json(tools).dump());
  }
}

}  // namespace gateway

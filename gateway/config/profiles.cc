#include "gateway/config/profiles.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_fields.h"

namespace gateway {
namespace {

std::string name_problem(std::string_view name) {
  static constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  if (name == "servers") return "a profile cannot be named \"servers\": /mcp/servers/NAME leads to a single server";
  const bool fits = !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
  if (!fits || name == "." || name == "..") return "a profile's name is 1 to 64 of A-Z a-z 0-9 _ . -";
  return "";
}

class ProfilesReader {
 public:
  ProfilesReader(Config& config, Findings& findings) : config_(config), findings_(findings) {
    for (const ServerSpec& server : config.servers)
      known_.push_back(server.name.str());
    for (const BrokenServer& server : config.broken)
      known_.push_back(server.name.str());
    known_set_.insert(known_.begin(), known_.end());
  }

  void read(const JsonMember& profiles) {
    if (!profiles.value.is(JsonNode::Kind::object))
      return findings_.wrong_type(profiles.key, profiles.value, "an object of profiles");
    for (const JsonMember& member : profiles.value.members) {
      const std::string path = path_of_key(profiles.key, member.key);
      if (member.earlier) findings_.error(path, member.at, repeated_message(*member.earlier));
      if (std::string problem = name_problem(member.key); !problem.empty()) findings_.error(path, member.at, std::move(problem));
      read_profile(member, path);
    }
  }

 private:
  void read_profile(const JsonMember& member, const std::string& path) {
    ProfileSpec profile{member.key, {}, config_.max_name_length};
    if (!member.value.is(JsonNode::Kind::object)) return findings_.wrong_type(path, member.value, "an object with \"servers\"");
    for (const JsonMember& field : member.value.members) {
      const std::string here = path_of_key(path, field.key);
      if (field.earlier) findings_.error(here, field.at, repeated_message(*field.earlier));
      if (std::ranges::find(kProfileKeys, field.key) == kProfileKeys.end()) {
        const std::vector<std::string_view> keys(kProfileKeys.begin(), kProfileKeys.end());
        findings_.error(here, field.at, "unknown key " + quoted(field.key) + name_hint(field.key, keys));
      } else if (field.key == "servers") {
        read_servers(field.value, here, profile);
      } else if (field.key == "maxNameLength") {
        profile.max_name_length =
            read_count(field.value, here, kMinNameLength, kMaxNameLength, findings_).value_or(profile.max_name_length);
      }
    }
    if (member.value.find("servers") == nullptr)
      findings_.error(path, member.at, "expected \"servers\", an array of servers' names");
    config_.profiles.push_back(std::move(profile));
  }

  void read_servers(const JsonNode& node, const std::string& path, ProfileSpec& profile) {
    if (!node.is(JsonNode::Kind::array)) return findings_.wrong_type(path, node, "an array of servers' names");
    std::unordered_set<std::string_view> taken;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const JsonNode& item = node.items[i];
      const std::string here = path_of_item(path, i);
      if (!item.is(JsonNode::Kind::string)) {
        findings_.wrong_type(here, item, "a server's name");
      } else if (!known_set_.contains(item.text)) {
        findings_.tolerated_error(
            here,
            item.at,
            "there is no server " + quoted(item.text) + "; the profile goes without it" + name_hint(item.text, known_));
      } else if (!taken.insert(item.text).second) {
        findings_.warning(here, item.at, quoted(item.text) + " is there already");
      } else {
        profile.servers.emplace_back(item.text);
      }
    }
  }

  Config& config_;
  Findings& findings_;
  std::vector<std::string_view> known_;
  std::unordered_set<std::string_view> known_set_;
};

}  // namespace

void read_profiles(const JsonMember& profiles, Config& config, Findings& findings) {
  ProfilesReader(config, findings).read(profiles);
}

}  // namespace gateway

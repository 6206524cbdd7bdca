#include "gateway/config/top_level.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/access_names.h"
#include "gateway/config/config_file.h"
#include "gateway/config/environments.h"
#include "gateway/config/field_values.h"
#include "gateway/config/listener_access.h"
#include "gateway/config/near_name.h"
#include "gateway/config/profiles.h"
#include "gateway/config/server_fields.h"

namespace gateway {
namespace {

using Reader = void (*)(const JsonMember& member, Config& config, Findings& findings);

void read_listen_address(const JsonMember& member, ListenAddress& address, Findings& findings) {
  if (!member.value.is(JsonNode::Kind::string)) {
    return findings.wrong_type(member.key, member.value, "HOST:PORT, [IPV6]:PORT or :PORT as a string");
  }
  auto parsed = ListenAddress::parse(member.value.text);
  if (!parsed) return findings.error(member.key, member.value.at, parsed.error().message);
  address = std::move(*parsed);
}

/// What a later version reads.
void accept_object(const JsonMember& member, Config&, Findings& findings) {
  if (!member.value.is(JsonNode::Kind::object)) return findings.wrong_type(member.key, member.value, "an object");
  refuse_repeated_keys(member.value, member.key, findings);
  if (!member.value.members.empty()) findings.warning(member.key, member.at, std::string(kWithoutEffect));
}

/// Each name as `normal` makes it; what it makes nothing of is an error.
std::vector<std::string> read_normal(const JsonMember& member,
                                     std::optional<std::string> (*normal)(std::string_view),
                                     std::string_view wanted,
                                     Findings& findings) {
  std::vector<std::string> names;
  if (!member.value.is(JsonNode::Kind::array)) return read_names(member.value, member.key, findings);
  for (std::size_t i = 0; i < member.value.items.size(); ++i) {
    const JsonNode& item = member.value.items[i];
    const std::string path = path_of_item(member.key, i);
    const auto text = read_text(item, path, findings);
    if (!text) continue;
    if (auto name = normal(*text)) {
      names.push_back(std::move(*name));
    } else {
      findings.error(path, item.at, "expected " + std::string(wanted) + ", found " + quoted(*text));
    }
  }
  return names;
}

void read_limits(const JsonMember& member, Config& config, Findings& findings) {
  if (!member.value.is(JsonNode::Kind::object)) return findings.wrong_type(member.key, member.value, "an object");
  refuse_repeated_keys(member.value, member.key, findings);
  for (const JsonMember& field : member.value.members) {
    const std::string path = path_of_key(member.key, field.key);
    if (std::ranges::find(kLimitKeys, field.key) == kLimitKeys.end()) {
      const std::vector<std::string_view> keys(kLimitKeys.begin(), kLimitKeys.end());
      findings.error(path, field.at, "unknown key " + quoted(field.key) + name_hint(field.key, keys));
    } else if (field.key == "processes") {
      config.limits.processes = read_count(field.value, path, 0, 10'000, findings).value_or(0);
    } else if (field.key == "memoryMiB") {
      config.limits.memory_mib = read_count(field.value, path, 0, std::size_t{1} << 30, findings).value_or(0);
    }
  }
}

struct TopKey {
  std::string_view key;
  Reader read = nullptr;  // nullptr: read elsewhere, or passed over
  bool ours = true;       // makes the file ours
};

constexpr auto kTopKeys = std::to_array<TopKey>({
    {"mcpServers", nullptr, false},
    {"$schema", nullptr, false},
    {"profiles", [](const JsonMember& member, Config& config, Findings& findings) { read_profiles(member, config, findings); }},
    {"listen",
     [](const JsonMember& member, Config& config, Findings& findings) { read_listen_address(member, config.listen, findings); }},
    {"admin",
     [](const JsonMember& member, Config& config, Findings& findings) { read_listen_address(member, config.admin, findings); }},
    {"startupWait",
     [](const JsonMember& member, Config& config, Findings& findings) {
       config.startup_wait = read_seconds(member.value, member.key, true, findings).value_or(config.startup_wait);
     }},
    // Read before everything else: the profiles take it over.
    {"maxNameLength", nullptr},
    {"listPageSize",
     [](const JsonMember& member, Config& config, Findings& findings) {
       config.list_page_size = read_count(member.value, member.key, 1, 100'000, findings).value_or(config.list_page_size);
     }},
    {"allowedOrigins",
     [](const JsonMember& member, Config& config, Findings& findings) {
       config.allowed_origins =
           read_normal(member, normal_origin, "an origin like https://app.example.com, without a path", findings);
     }},
    {"allowedHosts",
     [](const JsonMember& member, Config& config, Findings& findings) {
       config.allowed_hosts = read_normal(member, normal_host, "a host like gateway.example.com, with or without :PORT", findings);
     }},
    {"environments",
     [](const JsonMember& member, Config& config, Findings& findings) { read_environments(member, config, findings); }},
    // Needs the environment.
    {"access", nullptr},
    {"policy", accept_object},
    {"connectors", accept_object},
    {"agent", accept_object},
    {"limits", read_limits},
});

/// Where files of other clients have their servers; the first counts.
constexpr std::array<std::string_view, 3> kForeignServers = {"mcpServers", "servers", "context_servers"};

const TopKey* top_key(std::string_view key) {
  const auto found = std::ranges::find(kTopKeys, key, &TopKey::key);
  return found == kTopKeys.end() ? nullptr : &*found;
}

void read_member(const JsonMember& member, Config& config, Findings& findings) {
  const TopKey* known = top_key(member.key);
  const std::string path = path_of_key("", member.key);
  if (known == nullptr) {
    const std::string hint =
        member.key == "servers" ? "; did you mean \"mcpServers\"?" : name_hint(member.key, own_top_level_keys());
    findings.error(path, member.at, "unknown key " + quoted(member.key) + hint);
    return;
  }
  if (member.earlier) findings.error(path, member.at, repeated_message(*member.earlier));
  if (known->read != nullptr) known->read(member, config, findings);
}

/// A mistyped key of ours does not make a file ours; somebody should hear of it all the same.
void warn_of_near_misses(const JsonNode& root, Findings& findings) {
  for (const JsonMember& member : root.members) {
    for (const TopKey& known : kTopKeys) {
      if (member.key == known.key || spelling_distance(member.key, known.key) > 1) continue;
      findings.warning(path_of_key("", member.key), member.at, "ignored; did you mean " + quoted(known.key) + "?");
    }
  }
}

}  // namespace

std::vector<std::string_view> keys_that_are_read() {
  std::vector<std::string_view> keys(kForeignServers.begin(), kForeignServers.end());
  for (const TopKey& known : kTopKeys)
    keys.push_back(known.key);
  return keys;
}

std::vector<std::string_view> own_top_level_keys() {
  std::vector<std::string_view> keys;
  keys.reserve(kTopKeys.size());
  for (const TopKey& known : kTopKeys)
    keys.push_back(known.key);
  return keys;
}

bool is_foreign(const JsonNode& root) {
  // Zed's settings have an "agent" of their own.
  const bool zed = root.find("context_servers") != nullptr && root.find("mcpServers") == nullptr;
  return !root.members.empty() && std::ranges::none_of(root.members, [&](const JsonMember& member) {
    const TopKey* known = top_key(member.key);
    return known != nullptr && known->ours && !(zed && member.key == "agent");
  });
}

const JsonMember* servers_member(const JsonNode& root, bool foreign, Findings& findings) {
  if (!foreign) return root.find("mcpServers");
  warn_of_near_misses(root, findings);
  const JsonMember* taken = nullptr;
  for (const std::string_view key : kForeignServers) {
    const JsonMember* member = root.find(key);
    if (member == nullptr) continue;
    if (taken == nullptr) {
      taken = member;
      if (member->earlier) findings.warning(member->key, member->at, repeated_message(*member->earlier) + "; the last one counts");
    } else if (member->value.is(JsonNode::Kind::object)) {
      findings.warning(member->key, member->at, "ignored: the servers are taken from " + quoted(taken->key));
    }
  }
  if (taken == nullptr) findings.warning("", root.at, "there is no \"mcpServers\" in this file, so there are no servers");
  return taken;
}

void read_top_level(const JsonNode& root, const Environment& environment, Config& config, Findings& findings) {
  if (const JsonMember* length = root.find("maxNameLength")) {
    config.max_name_length =
        read_count(length->value, length->key, kMinNameLength, kMaxNameLength, findings).value_or(config.max_name_length);
  }
  for (const JsonMember& member : root.members)
    read_member(member, config, findings);
  if (const JsonMember* access = root.find("access")) read_access(*access, environment, config, findings);
  if (config.listen == config.admin && config.listen.port != 0) {
    const JsonMember* place = root.find("admin") != nullptr ? root.find("admin") : root.find("listen");
    findings.error(place->key, place->value.at, "\"listen\" and \"admin\" need an address each");
  }
}

}  // namespace gateway

// "sandbox" of a stdio server's entry.
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_values.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxPaths = 200;

}  // namespace

SandboxSpec ServerValues::sandbox() {
  SandboxSpec spec;
  const FieldEntry* entry = field(Field::sandbox);
  if (entry == nullptr) return spec;
  const JsonNode& value = *entry->value;
  std::optional<bool> network;
  if (value.is(JsonNode::Kind::string)) {
    spec.level = sandbox_level(value, entry->path).value_or(SandboxLevel::off);
  } else if (!value.is(JsonNode::Kind::object)) {
    findings_.wrong_type(entry->path, value, "\"off\", \"standard\", \"strict\", or an object with \"level\"");
    return spec;
  } else {
    // Whoever names paths wants a sandbox.
    spec.level = SandboxLevel::standard;
    for (const JsonMember& member : value.members)
      read_sandbox_member(member, path_of_key(entry->path, member.key), spec, network);
  }
  spec.network = network.value_or(spec.level != SandboxLevel::strict);
  if (spec.level == SandboxLevel::off && (!spec.read.empty() || !spec.write.empty() || network)) {
    findings_.error(entry->path, entry->at, "\"off\" goes with no other key: nothing would hold the program to them");
  }
  return spec;
}

void ServerValues::read_sandbox_member(const JsonMember& member,
                                       const std::string& path,
                                       SandboxSpec& spec,
                                       std::optional<bool>& network) {
  if (member.earlier) findings_.error(path, member.at, repeated_message(*member.earlier));
  if (member.key == "level") {
    spec.level = sandbox_level(member.value, path).value_or(spec.level);
  } else if (member.key == "read") {
    spec.read = sandbox_paths(member.value, path, false);
  } else if (member.key == "write") {
    spec.write = sandbox_paths(member.value, path, true);
  } else if (member.key == "network") {
    network = read_boolean(member.value, path, findings_);
  } else {
    findings_.error(
        path, member.at, "unknown key " + quoted(member.key) + name_hint(member.key, {"level", "read", "write", "network"}));
  }
}

std::optional<SandboxLevel> ServerValues::sandbox_level(const JsonNode& node, const std::string& path) {
  const auto text = read_text(node, path, findings_);
  if (!text) return std::nullopt;
  if (*text == "off") return SandboxLevel::off;
  if (*text == "standard") return SandboxLevel::standard;
  if (*text == "strict") return SandboxLevel::strict;
  findings_.error(path, node.at, "unknown level " + quoted(*text) + name_hint(*text, {"off", "standard", "strict"}));
  return std::nullopt;
}

std::vector<std::string> ServerValues::sandbox_paths(const JsonNode& node, const std::string& path, bool writable) {
  std::vector<std::string> paths;
  if (!node.is(JsonNode::Kind::array)) {
    findings_.wrong_type(path, node, "an array of paths");
    return paths;
  }
  if (node.items.size() > kMaxPaths) {
    findings_.error(path, node.at, "more than " + std::to_string(kMaxPaths) + " paths");
    return paths;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const JsonNode& item = node.items[i];
    const std::string here = path_of_item(path, i);
    const auto text = resolve(item, here);
    if (!text) continue;
    if (text->empty()) {
      findings_.error(here, item.at, "expected a path, found nothing");
      continue;
    }
    std::string whole = absolute(*text);
    if (writable && whole.find_first_not_of('/') == std::string::npos) {
      findings_.error(here, item.at, "the whole file system; without a sandbox (\"off\") the program may write as its user may");
    }
    paths.push_back(std::move(whole));
  }
  return paths;
}

}  // namespace gateway

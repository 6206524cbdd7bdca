#include "gateway/config/environments.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/config/field_values.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_fields.h"

namespace gateway {

namespace {

class EnvironmentReader {
 public:
  EnvironmentReader(const JsonMember& member, std::string path, const Config& config, Findings& findings)
      : member_(member), path_(std::move(path)), config_(config), findings_(findings) {}

  EnvironmentSpec read() {
    spec_.name = member_.key;
    if (std::string problem = environment_name_problem(member_.key); !problem.empty()) {
      findings_.error(path_, member_.at, std::move(problem));
    }
    if (!member_.value.is(JsonNode::Kind::object)) {
      findings_.wrong_type(path_, member_.value, R"(an object with "available", "path" or "probe")");
      return std::move(spec_);
    }
    for (const JsonMember& field : member_.value.members)
      read_field(field);
    if (!spec_.path.empty() && !spec_.probe.empty()) {
      findings_.error(path_, member_.at, "\"path\" and \"probe\" exclude each other: one of them tells whether it is there");
    }
    if (available_ && (!spec_.path.empty() || !spec_.probe.empty())) {
      findings_.error(path_, member_.at, "\"available\" and what tells it, \"path\" or \"probe\", exclude each other");
    }
    return std::move(spec_);
  }

 private:
  void read_field(const JsonMember& field) {
    const std::string here = path_of_key(path_, field.key);
    if (field.earlier) findings_.error(here, field.at, repeated_message(*field.earlier));
    if (std::ranges::find(kEnvironmentKeys, field.key) == kEnvironmentKeys.end()) {
      const std::vector<std::string_view> keys(kEnvironmentKeys.begin(), kEnvironmentKeys.end());
      findings_.error(here, field.at, "unknown key " + gateway::quoted(field.key) + name_hint(field.key, keys));
    } else if (field.key == "available") {
      available_ = true;
      spec_.available = read_boolean(field.value, here, findings_).value_or(false);
    } else if (field.key == "path") {
      if (auto path = read_text(field.value, here, findings_)) spec_.path = absolute(field, here, *path);
    } else if (field.key == "probe") {
      spec_.probe = read_names(field.value, here, findings_);
      if (spec_.probe.empty() && findings_.usable()) findings_.error(here, field.value.at, "expected a program and its arguments");
    } else if (field.key == "interval") {
      spec_.interval = read_seconds(field.value, here, false, findings_).value_or(spec_.interval);
    } else if (field.key == "probeTimeout") {
      spec_.probe_timeout = read_seconds(field.value, here, false, findings_).value_or(spec_.probe_timeout);
    }
  }

  std::string absolute(const JsonMember& field, const std::string& here, const std::string& path) {
    if (path.empty()) findings_.error(here, field.value.at, "expected a path");
    if (path.starts_with('/') || path.empty()) return path;
    return (std::filesystem::path(config_.file).parent_path() / path).lexically_normal().string();
  }

  const JsonMember& member_;
  const std::string path_;
  const Config& config_;
  Findings& findings_;
  EnvironmentSpec spec_;
  bool available_ = false;  // the key is there
};

}  // namespace

std::string environment_name_problem(std::string_view name) {
  static constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  const bool fits = !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
  return fits && name != "." && name != ".." ? "" : "an environment's name is 1 to 64 of A-Z a-z 0-9 _ . -";
}

void read_environments(const JsonMember& member, Config& config, Findings& findings) {
  if (!member.value.is(JsonNode::Kind::object)) return findings.wrong_type(member.key, member.value, "an object of environments");
  for (const JsonMember& entry : member.value.members) {
    std::string path = path_of_key(member.key, entry.key);
    if (entry.earlier) findings.error(path, entry.at, repeated_message(*entry.earlier));
    config.environments.push_back(EnvironmentReader(entry, std::move(path), config, findings).read());
  }
}

}  // namespace gateway

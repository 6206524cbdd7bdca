#include "gateway/config/server_values.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/config/dotenv.h"
#include "gateway/config/expand.h"
#include "gateway/config/field_values.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/text_file.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxEnvFileBytes = 1024 * 1024;
constexpr std::size_t kMaxVariables = 1000;

void put(std::vector<std::pair<std::string, std::string>>& pairs, const std::string& key, const std::string& value) {
  const auto same = std::ranges::find(pairs, key, &std::pair<std::string, std::string>::first);
  if (same != pairs.end()) {
    same->second = value;
  } else {
    pairs.emplace_back(key, value);
  }
}

}  // namespace

const FieldEntry* ServerValues::field(Field field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? nullptr : &found->second;
}

std::optional<std::string> ServerValues::resolve(const JsonNode& node, const std::string& path, std::string_view key) {
  const auto written = read_text(node, path, findings_);
  if (!written) return std::nullopt;
  Expansion expansion = expand_variables(*written, context_.environment, context_.foreign);
  for (const std::string& error : expansion.errors)
    findings_.error(path, node.at, error);
  if (!expansion.errors.empty()) return std::nullopt;
  if (expansion.text.find('\0') != std::string::npos) {
    findings_.error(path, node.at, "a variable put in here holds a NUL character");
    return std::nullopt;
  }
  for (auto& [name, value] : expansion.used) {
    const bool stored = name.starts_with(kSecretPrefix);
    if (stored || names_secret(name) || looks_secret(value)) secrets_.push_back(std::move(value));
  }
  if (expansion.missing.empty()) return std::move(expansion.text);
  if (disabled_) return std::nullopt;
  for (const std::string& name : expansion.missing) {
    if (name.starts_with(kSecretPrefix)) {
      const std::string secret = name.substr(kSecretPrefix.size());
      std::string message = "there is no secret ";
      message.append(secret).append(" in the store; put it there with: switchyard secret set ").append(secret);
      findings_.missing_secret(path, node.at, std::move(message));
      continue;
    }
    // A default in the file is the wrong place for a secret.
    const bool secret = names_secret(name) || (!key.empty() && names_secret(key));
    findings_.missing_variable(path,
                               node.at,
                               "the variable " + name + " is not set; set it where switchyard runs" +
                                   (secret ? "" : ", or write ${" + name + ":-default}"));
  }
  return std::nullopt;
}

std::optional<std::string> ServerValues::resolve_field(Field wanted) {
  const FieldEntry* entry = field(wanted);
  return entry == nullptr ? std::nullopt : resolve(*entry->value, entry->path);
}

std::string ServerValues::absolute(const std::string& path) const {
  const std::filesystem::path whole(expand_home(path, context_.environment));
  if (whole.is_absolute()) return whole.string();
  std::string joined = (std::filesystem::path(context_.folder) / whole).lexically_normal().string();
  if (joined.size() > 1 && joined.ends_with('/')) joined.pop_back();
  return joined;
}

StdioSpec ServerValues::stdio() {
  StdioSpec spec;
  spec.command = command();
  spec.args = args();
  spec.env = env();
  if (const auto cwd = resolve_field(Field::cwd); cwd && !cwd->empty()) spec.cwd = absolute(*cwd);
  spec.sandbox = sandbox();
  return spec;
}

std::string ServerValues::command() {
  const FieldEntry* entry = field(Field::command);
  const auto text = resolve_field(Field::command);
  if (!text) return "";
  if (text->find_first_not_of(" \t") == std::string::npos) {
    findings_.error(entry->path, entry->value->at, "expected a program to start, found nothing");
  }
  const std::size_t space = text->find(' ');
  const bool has_args = field(Field::args) != nullptr && !field(Field::args)->value->items.empty();
  if (!has_args && space != std::string::npos && space > 0 && text->find('/') > space) {
    findings_.warning(
        entry->path, entry->value->at, "taken as the name of one program, spaces and all; arguments are written in \"args\"");
  }
  return expand_home(*text, context_.environment);
}

std::vector<std::string> ServerValues::args() {
  std::vector<std::string> args;
  const FieldEntry* entry = field(Field::args);
  if (entry == nullptr) return args;
  if (!entry->value->is(JsonNode::Kind::array)) {
    findings_.wrong_type(entry->path, *entry->value, "an array of strings");
    return args;
  }
  for (std::size_t i = 0; i < entry->value->items.size(); ++i) {
    const JsonNode& item = entry->value->items[i];
    const std::string here = path_of_item(entry->path, i);
    if (context_.foreign && item.is(JsonNode::Kind::number)) {
      args.push_back(item.text);
    } else {
      const std::string_view before = i == 0 ? std::string_view() : std::string_view(entry->value->items[i - 1].text);
      findings_.literal_secret(here, item.at, literal_argument_secret(server_, before, item.text));
      args.push_back(resolve(item, here).value_or(""));
    }
  }
  return args;
}

ServerValues::Pairs ServerValues::env() {
  Pairs env;
  read_env_file(env);
  const FieldEntry* entry = field(Field::env);
  if (entry == nullptr) return env;
  if (!entry->value->is(JsonNode::Kind::object)) {
    findings_.wrong_type(entry->path, *entry->value, "an object of strings");
    return env;
  }
  if (entry->value->members.size() > kMaxVariables) {
    findings_.error(entry->path, entry->value->at, "more than " + std::to_string(kMaxVariables) + " variables");
    return env;
  }
  for (const JsonMember& member : entry->value->members)
    read_env_member(member, path_of_key(entry->path, member.key), env);
  return env;
}

void ServerValues::read_env_member(const JsonMember& member, const std::string& path, Pairs& env) {
  if (member.earlier && !context_.foreign) findings_.error(path, member.at, repeated_message(*member.earlier));
  if (!is_environment_name(member.key)) {
    findings_.error(path, member.at, "expected a variable's name: not empty, without '='");
    return;
  }
  // One client unsets a variable with null and takes numbers; the others refuse both.
  const bool plain = member.value.is(JsonNode::Kind::number) || member.value.is(JsonNode::Kind::boolean);
  if (context_.foreign && member.value.is(JsonNode::Kind::null)) return;
  if (context_.foreign && plain) {
    const std::string truth = member.value.boolean ? "true" : "false";
    return put(env, member.key, member.value.is(JsonNode::Kind::number) ? member.value.text : truth);
  }
  if (plain) {
    findings_.error(
        path, member.value.at, "expected a string, found " + std::string(describe(member.value.kind)) + "; put it in quotes");
    return;
  }
  findings_.literal_secret(path, member.value.at, literal_env_secret(member.key, member.value.text));
  if (const auto value = resolve(member.value, path, member.key)) put(env, member.key, *value);
}

void ServerValues::read_env_file(Pairs& env) {
  const FieldEntry* entry = field(Field::env_file);
  const auto name = resolve_field(Field::env_file);
  if (!name) return;
  if (name->empty()) {
    findings_.error(entry->path, entry->value->at, "expected a file's name, found nothing");
    return;
  }
  files_.push_back(absolute(*name));
  const auto text = read_text_file(absolute(*name), kMaxEnvFileBytes);
  if (!text) {
    if (!disabled_) findings_.error(entry->path, entry->value->at, text.error().message);
    return;
  }
  const Dotenv file = parse_dotenv(*text);
  for (const std::string& problem : file.problems)
    findings_.error(entry->path, entry->value->at, absolute(*name) + ", " + problem);
  for (const auto& [key, value] : file.variables) {
    if (value.find('\0') != std::string::npos) {
      findings_.error(entry->path, entry->value->at, absolute(*name) + ": the value of " + key + " holds a NUL character");
    }
    put(env, key, value);
  }
}

}  // namespace gateway

#include "gateway/import/convert.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "gateway/config/config_file.h"
#include "gateway/config/field_values.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc_write.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/server_fields.h"
#include "gateway/import/client_keys.h"

namespace gateway {
namespace {

JsonNode at(JsonNode node, TextPosition place) {
  node.at = place;
  return node;
}

JsonNode number_of(double value, std::string text) {
  JsonNode node;
  node.kind = JsonNode::Kind::number;
  node.number = value;
  node.text = std::move(text);
  return node;
}

class Converter {
 public:
  Converter(const FoundServer& server, const SourceReading& source, SecretNamer& namer)
      : server_(server), source_(source), namer_(namer) {}

  ConvertedServer run() {
    if (!server_.entry.is(JsonNode::Kind::object)) {
      out_.problem = "expected an object, found " + std::string(describe(server_.entry.kind));
      return std::move(out_);
    }
    plain_ = plain_entry(server_.entry, source_.file.client);
    out_.problem = plain_.problem;
    out_.left_out = plain_.left_out;
    Findings findings;
    fields_ = collect_fields(plain_.entry, "", true, findings);
    drop_other_kind();
    note_left_out();
    note_findings(findings);
    out_.entry = at(json_object(), server_.at);
    how_it_runs();
    how_it_is_reached();
    how_it_is_treated();
    for (const auto& [one, entry] : fields_)
      if (!asked_.contains(one)) out_.left_out.push_back(entry.key);
    return std::move(out_);
  }

 private:
  const FieldEntry* field(Field wanted) {
    asked_.insert(wanted);
    const auto found = fields_.find(wanted);
    return found == fields_.end() ? nullptr : &found->second;
  }

  /// What goes with the other kind of server says nothing of this one.
  void drop_other_kind() {
    const bool program = fields_.contains(Field::command), http = fields_.contains(Field::url);
    if (program == http) return;
    const auto others = http ? std::vector{Field::args, Field::env, Field::env_file, Field::cwd}
                             : std::vector{Field::headers, Field::ca_file, Field::bearer, Field::on_login_required};
    for (const Field other : others)
      fields_.erase(other);
    (http ? plain_.env : plain_.headers).clear();
  }

  /// Keys that collect_fields() passed over, or that were dropped.
  void note_left_out() {
    for (const JsonMember& member : plain_.entry.members) {
      const bool taken = std::ranges::any_of(fields_, [&](const auto& one) { return one.second.key == member.key; });
      if (!taken && !member.value.is(JsonNode::Kind::null)) out_.left_out.push_back(member.key);
    }
  }

  /// Of its warnings, which keys are unknown is said already.
  void note_findings(const Findings& findings) {
    for (const Diagnostic& one : findings.all()) {
      if (one.severity == Diagnostic::Severity::error) fail(one.message);
    }
  }

  void fail(std::string problem) {
    if (out_.problem.empty()) out_.problem = std::move(problem);
  }

  void put(std::string_view key, JsonNode value, TextPosition place) {
    JsonMember member;
    member.key = std::string(key);
    member.at = place;
    member.value = std::move(value);
    out_.entry.members.push_back(std::move(member));
  }

  /// As it is: a value that our own entries have, too.
  void put_same(std::string_view key, Field wanted) {
    if (const FieldEntry* entry = field(wanted)) put(key, *entry->value, entry->at);
  }

  // Texts

  std::string in_words(std::string_view text) {
    ClientText words = in_our_words(text, source_, server_.folder);
    for (NeededValue& value : words.needed) {
      if (std::ranges::find(out_.needed, value) == out_.needed.end()) out_.needed.push_back(std::move(value));
    }
    for (std::string& note : words.notes) {
      if (std::ranges::find(out_.notes, note) == out_.notes.end()) out_.notes.push_back(std::move(note));
    }
    if (!words.problem.empty()) fail(std::move(words.problem));
    return std::move(words.text);
  }

  /// The value in our words, with the names of secrets in the place of these.
  std::string without_secrets(const std::string& value, const std::vector<LiteralSecret>& secrets, const std::string& path) {
    std::string out;
    std::size_t done = 0;
    for (const LiteralSecret& secret : secrets) {
      out += in_words(std::string_view(value).substr(done, secret.at - done));
      MovedSecret moved = namer_.name(secret.name, value.substr(secret.at, secret.length), path);
      out.append("${").append(kSecretPrefix).append(moved.name).append("}");
      done = secret.at + secret.length;
      out_.secrets.push_back(std::move(moved));
    }
    return out + in_words(std::string_view(value).substr(done));
  }

  JsonNode text_node(const JsonNode& node, const std::vector<LiteralSecret>& secrets, const std::string& path) {
    if (!node.is(JsonNode::Kind::string)) return node;
    return at(json_text(without_secrets(node.text, secrets, path)), node.at);
  }

  /// Relative paths start at the project's folder, or at that of the client's file.
  JsonNode path_node(const FieldEntry& entry) {
    JsonNode node = text_node(*entry.value, {}, entry.key);
    if (!node.is(JsonNode::Kind::string) || node.text.empty()) return node;
    if (node.text.starts_with('/') || node.text.starts_with('~') || node.text.starts_with("${")) return node;
    const std::string from =
        server_.folder.empty() ? std::filesystem::path(source_.file.path).parent_path().string() : server_.folder;
    node.text = (std::filesystem::path(without_references(from)) / node.text).lexically_normal().string();
    return node;
  }

  /// A number or a truth as the text that some clients make of it; null is a variable that is not set.
  static std::optional<JsonNode> as_text(const JsonNode& node) {
    if (node.is(JsonNode::Kind::null)) return std::nullopt;
    if (node.is(JsonNode::Kind::number)) return at(json_text(node.text), node.at);
    if (node.is(JsonNode::Kind::boolean)) return at(json_text(node.boolean ? "true" : "false"), node.at);
    return node;
  }

  // Programs

  void how_it_runs() {
    if (const FieldEntry* entry = field(Field::command)) put("command", text_node(*entry->value, {}, "command"), entry->at);
    if (const FieldEntry* entry = field(Field::args)) put("args", arguments(*entry), entry->at);
    variables();
    if (const FieldEntry* entry = field(Field::env_file)) put("envFile", path_node(*entry), entry->at);
    if (const FieldEntry* entry = field(Field::cwd)) {
      put("cwd", path_node(*entry), entry->at);
    } else if (field(Field::command) != nullptr && !server_.folder.empty()) {
      put("cwd", json_text(without_references(server_.folder)), server_.at);
    }
    put_same("sandbox", Field::sandbox);
  }

  JsonNode arguments(const FieldEntry& entry) {
    JsonNode args = *entry.value;
    std::string before;
    for (std::size_t i = 0; i < args.items.size(); ++i) {
      JsonNode& item = args.items[i];
      if (item.is(JsonNode::Kind::number)) item = at(json_text(item.text), item.at);
      const std::string written = item.text;
      const auto secrets = find_argument_secrets(server_.name, before, written);
      item = text_node(item, secrets, path_of_item("args", i));
      before = written;
    }
    return args;
  }

  void variables() {
    const FieldEntry* entry = field(Field::env);
    if (entry != nullptr && !entry->value->is(JsonNode::Kind::object)) return put("env", *entry->value, entry->at);
    JsonNode env = json_object();
    for (const JsonMember& member : entry == nullptr ? std::vector<JsonMember>() : entry->value->members) {
      const auto value = as_text(member.value);
      if (!value) {
        out_.left_out.push_back(path_of_key("env", member.key));
        continue;
      }
      const auto secrets = find_env_secrets(server_.name, member.key, value->text);
      set(env, member.key, text_node(*value, secrets, path_of_key("env", member.key)), false);
    }
    for (const auto& [name, value] : plain_.env) {
      if (env.find(name) == nullptr) set(env, name, json_text(value), false);
    }
    if (!env.members.empty()) put("env", std::move(env), entry == nullptr ? server_.at : entry->at);
  }

  /// Of a name that is there twice the last one counts.
  static void set(JsonNode& object, const std::string& key, JsonNode value, bool any_case) {
    const auto same = std::ranges::find_if(object.members, [&](const JsonMember& one) {
      return any_case ? std::ranges::equal(one.key, key, [](char a, char b) { return lower(a) == lower(b); }) : one.key == key;
    });
    if (same != object.members.end()) {
      same->value = std::move(value);
      return;
    }
    JsonMember member;
    member.key = key;
    member.at = value.at;
    member.value = std::move(value);
    object.members.push_back(std::move(member));
  }

  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

  // HTTP

  void how_it_is_reached() {
    type();
    if (const FieldEntry* entry = field(Field::url)) {
      put("url", text_node(*entry->value, find_url_secrets(server_.name, entry->value->text), "url"), entry->at);
    }
    headers();
    if (const FieldEntry* entry = field(Field::ca_file)) put("caFile", path_node(*entry), entry->at);
    login();
    put_same("bearer", Field::bearer);
    put_same("onLoginRequired", Field::on_login_required);
  }

  /// Cursor and VS Code try the old transport, too, where one over HTTP is named; so do we without a type.
  void type() {
    const FieldEntry* entry = field(Field::type);
    if (entry == nullptr) return;
    const std::string& text = entry->value->text;
    const bool stdio = text == "stdio" || text == "local";
    if (stdio && field(Field::command) != nullptr && field(Field::url) == nullptr) return;
    const bool streamable = text == "http" || text.starts_with("streamable");
    const bool tries_both = source_.file.client == ImportClient::cursor || source_.file.client == ImportClient::vscode;
    if (field(Field::url) != nullptr && (text == "remote" || (streamable && tries_both))) return;
    put("type", streamable ? at(json_text("http"), entry->value->at) : *entry->value, entry->at);
  }

  void headers() {
    const FieldEntry* entry = field(Field::headers);
    if (entry != nullptr && !entry->value->is(JsonNode::Kind::object)) return put("headers", *entry->value, entry->at);
    JsonNode headers = json_object();
    for (const JsonMember& member : entry == nullptr ? std::vector<JsonMember>() : entry->value->members) {
      const auto value = as_text(member.value);
      if (!value) continue;
      const auto secrets = find_header_secrets(server_.name, member.key, value->text);
      set(headers, member.key, text_node(*value, secrets, path_of_key("headers", member.key)), true);
    }
    for (const auto& [name, value] : plain_.headers)
      set(headers, name, json_text(value), true);
    if (!headers.members.empty()) put("headers", std::move(headers), entry == nullptr ? server_.at : entry->at);
  }

  void login() {
    const ClientLogin& login = plain_.login;
    if (login.empty() || field(Field::url) == nullptr) return;
    JsonNode oauth = json_object();
    if (!login.client_id.empty()) set(oauth, "clientId", json_text(in_words(login.client_id)), false);
    if (!login.client_secret.empty()) client_secret(login, oauth);
    if (!login.authorization_server.empty()) {
      set(oauth, "authorizationServer", json_text(in_words(login.authorization_server)), false);
    }
    if (!login.scopes.empty()) set(oauth, "scopes", json_array(login.scopes), false);
    if (login.callback_port) {
      // As the client that is registered for that client comes back to.
      set(oauth, "callbackUrl", json_text("http://localhost:" + std::to_string(*login.callback_port) + "/callback"), false);
    }
    put("oauth", std::move(oauth), server_.at);
  }

  /// A client's secret is for one authorization server, without which our entries must not name it: else the server would be left
  /// out. Hardly any client says which it is; until somebody does, the secret waits in the store.
  void client_secret(const ClientLogin& login, JsonNode& oauth) {
    const std::string& text = login.client_secret;
    const bool reference = text.starts_with("${") && text.find('}') + 1 == text.size();
    std::vector<LiteralSecret> secrets;
    if (!text.contains("${")) secrets.push_back({0, text.size(), secret_name(server_.name, "CLIENT_SECRET")});
    std::string written = without_secrets(text, secrets, "oauth.clientSecret");
    if (!login.authorization_server.empty()) return set(oauth, "clientSecret", json_text(std::move(written)), false);
    if (secrets.empty() && !reference) written = "…";
    out_.notes.push_back(
        "before a login works, its \"oauth\" needs the issuer that the client's secret is for: add "
        "\"authorizationServer\": \"https://…\" and \"clientSecret\": \"" +
        written + "\" there");
  }

  // The rest

  void how_it_is_treated() {
    switches();
    if (const FieldEntry* entry = field(Field::startup_timeout)) seconds("startupTimeout", *entry, *entry->value);
    call_timeout();
    tools();
    for (const auto& [key, wanted] :
         std::initializer_list<std::pair<std::string_view, Field>>{{"validate", Field::validate},
                                                                   {"environment", Field::environment},
                                                                   {"isolation", Field::isolation},
                                                                   {"start", Field::start},
                                                                   {"idleStop", Field::idle_stop},
                                                                   {"pingInterval", Field::ping_interval},
                                                                   {"maxConcurrent", Field::max_concurrent}})
      put_same(key, wanted);
  }

  void switches() {
    const FieldEntry *enabled = field(Field::enabled), *disabled = field(Field::disabled);
    for (const FieldEntry* entry : {enabled, disabled}) {
      if (entry != nullptr && !entry->value->is(JsonNode::Kind::boolean))
        fail(gateway::quoted(entry->key) + " is neither true nor false");
    }
    const bool off =
        server_.disabled || (enabled != nullptr && !enabled->value->boolean) || (disabled != nullptr && disabled->value->boolean);
    if (off) put("enabled", json_boolean(false), server_.at);
    if (const FieldEntry* required = field(Field::required); required != nullptr && required->value->boolean) {
      put("required", *required->value, required->at);
    }
  }

  /// A time that cannot be is no reason to go without the server.
  void seconds(std::string_view key, const FieldEntry& entry, JsonNode value) {
    Findings findings;
    if (read_seconds(value, entry.key, false, findings)) return put(key, std::move(value), entry.at);
    out_.left_out.push_back(entry.key);
  }

  /// "timeout" is in seconds for some clients and in milliseconds for others: see server_entry.cc.
  void call_timeout() {
    if (const FieldEntry* entry = field(Field::call_timeout)) return seconds("callTimeout", *entry, *entry->value);
    const FieldEntry* either = field(Field::call_timeout_either);
    if (either == nullptr) return;
    JsonNode value = *either->value;
    if (value.is(JsonNode::Kind::number) && value.number > 3600) {
      const auto whole = static_cast<long>(std::min(value.number / 1000, 86400.0));
      value = at(number_of(static_cast<double>(whole), std::to_string(whole)), value.at);
    }
    seconds("callTimeout", *either, std::move(value));
  }

  void tools() {
    const FieldEntry *all = field(Field::tools), *allow = field(Field::tools_allow), *deny = field(Field::tools_deny);
    if (allow == nullptr && deny == nullptr && (all == nullptr || !all->value->is(JsonNode::Kind::array))) {
      return put_same("tools", Field::tools);
    }
    if (all != nullptr && (allow != nullptr || !all->value->is(JsonNode::Kind::array))) {
      fail("\"tools\" and " + gateway::quoted((allow != nullptr ? allow : deny)->key) + " speak of the same thing");
    }
    if (all != nullptr) allow = all;
    JsonNode tools = json_object();
    if (allow != nullptr) set(tools, "allow", *allow->value, false);
    if (deny != nullptr) set(tools, "deny", *deny->value, false);
    put("tools", std::move(tools), (allow != nullptr ? allow : deny)->at);
  }

  const FoundServer& server_;
  const SourceReading& source_;
  SecretNamer& namer_;
  PlainEntry plain_;
  ServerFields fields_;
  std::set<Field> asked_;  // what has a place in the entry, be it there or not
  ConvertedServer out_;
};

}  // namespace

ConvertedServer convert_server(const FoundServer& server, const SourceReading& source, SecretNamer& namer) {
  return Converter(server, source, namer).run();
}

}  // namespace gateway

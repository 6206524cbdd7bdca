#include "gateway/import/client_keys.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/config/jsonc_write.h"
#include "mcp/base/ascii.h"

namespace gateway {
namespace {

/// Whether it is the name of a variable as we refer to one. Anything else in its place could become another reference of ours, to a
/// stored secret for instance.
bool is_variable(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && std::ranges::all_of(name, fits) && (name.front() < '0' || name.front() > '9');
}

class Plainer {
 public:
  Plainer(const JsonNode& entry, ImportClient client) : client_(client) { out_.entry = entry; }

  PlainEntry run() {
    bearer();
    if (client_ == ImportClient::codex) codex();
    if (client_ == ImportClient::vscode) sandbox();
    if (client_ == ImportClient::cursor) {
      if (auto auth = take("auth")) login("auth", auth->value, {"CLIENT_ID", "CLIENT_SECRET"});
    }
    if (auto oauth = take("oauth"))
      login("oauth", oauth->value, {snake_case() ? "client_id" : "clientId", snake_case() ? "client_secret" : "clientSecret"});
    return std::move(out_);
  }

 private:
  bool snake_case() const { return client_ == ImportClient::codex; }

  std::optional<JsonMember> take(std::string_view key) {
    const JsonMember* found = out_.entry.find(key);
    if (found == nullptr) return std::nullopt;
    JsonMember member = *found;
    std::erase_if(out_.entry.members, [&](const JsonMember& one) { return one.key == key; });
    if (member.value.is(JsonNode::Kind::null)) return std::nullopt;
    return member;
  }

  std::string take_text(const std::string& key) {
    auto member = take(key);
    if (!member) return "";
    if (member->value.is(JsonNode::Kind::string)) return std::move(member->value.text);
    out_.left_out.push_back(key);
    return "";
  }

  void leave_out(const std::string& key) {
    if (take(key)) out_.left_out.push_back(key);
  }

  /// A token from a variable goes before one that is written out, which a program has no use for at all.
  void bearer() {
    const std::string variable = take_text("bearer_token_env_var");
    const std::string token = take_text("bearer_token");
    const bool known = is_variable(variable);
    if (known) out_.headers.emplace_back("Authorization", "Bearer ${" + variable + "}");
    if (!variable.empty() && !known) out_.left_out.emplace_back("bearer_token_env_var");
    if (token.empty()) return;
    const bool used = !known && out_.entry.find("command") == nullptr && put_header("Authorization", "Bearer " + token);
    if (!used) out_.left_out.emplace_back("bearer_token");
  }

  void codex() {
    if (auto headers = take("env_http_headers")) {
      for (const JsonMember& one : headers->value.members) {
        if (is_variable(one.value.text)) {
          out_.headers.emplace_back(one.key, "${" + one.value.text + "}");
        } else {
          out_.left_out.push_back(path_of_key("env_http_headers", one.key));
        }
      }
    }
    if (auto variables = take("env_vars")) {
      for (const JsonNode& one : variables->value.items)
        forward(one);
    }
    if (auto timeout = take("startup_timeout_ms"); timeout && out_.entry.find("startup_timeout_sec") == nullptr) {
      timeout->key = "startup_timeout_sec";
      timeout->value.number /= 1000;
      timeout->value.text = seconds_text(timeout->value.number);
      out_.entry.members.push_back(std::move(*timeout));
    }
    if (auto scopes = take("scopes")) read_scopes("scopes", scopes->value);
    // How calls of single tools are approved.
    leave_out("tools");
  }

  static std::string seconds_text(double seconds) {
    std::string text = std::to_string(seconds);
    while (text.ends_with('0'))
      text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    return text;
  }

  void forward(const JsonNode& variable) {
    const JsonMember* name = variable.find("name");
    const JsonMember* source = variable.find("source");
    const bool elsewhere = source != nullptr && source->value.text != "local";
    const std::string& text = name == nullptr ? variable.text : name->value.text;
    if (elsewhere || !is_variable(text)) {
      out_.left_out.push_back(text.empty() ? "env_vars" : path_of_key("env_vars", text));
    } else {
      out_.env.emplace_back(text, "${" + text + "}");
    }
  }

  /// Among the headers of the entry, where there are some under either name: of two names one counts. Not where it is among them.
  bool put_header(const std::string& name, std::string value) {
    JsonMember member;
    member.key = name;
    member.value = json_text(std::move(value));
    for (const std::string_view key : {"headers", "http_headers"}) {
      const auto headers = std::ranges::find(out_.entry.members, key, &JsonMember::key);
      if (headers == out_.entry.members.end()) continue;
      auto& there = headers->value.members;
      if (std::ranges::any_of(there, [&](const JsonMember& one) { return mcp::equals_ignoring_case(one.key, name); })) return false;
      there.push_back(std::move(member));
      return true;
    }
    JsonMember fresh;
    fresh.key = "headers";
    fresh.value = json_object();
    fresh.value.members.push_back(std::move(member));
    out_.entry.members.push_back(std::move(fresh));
    return true;
  }

  void sandbox() {
    const auto enabled = take("sandboxEnabled");
    leave_out("sandbox");
    if (!enabled) return;
    out_.left_out.emplace_back("sandboxEnabled");
    if (!enabled->value.boolean) return;
    out_.problem =
        "VS Code runs it in a sandbox, whose rules say nothing here; put it in with \"switchyard add\" and give it a \"sandbox\"";
  }

  void read_scopes(const std::string& path, const JsonNode& scopes) {
    if (scopes.is(JsonNode::Kind::array)) {
      for (const JsonNode& scope : scopes.items)
        out_.login.scopes.push_back(scope.text);
    } else if (scopes.is(JsonNode::Kind::string)) {
      split(scopes.text);
    } else {
      out_.left_out.push_back(path);
    }
  }

  void split(std::string_view scopes) {
    while (!scopes.empty()) {
      const std::string_view scope = scopes.substr(0, scopes.find_first_of(" ,"));
      if (!scope.empty()) out_.login.scopes.emplace_back(scope);
      scopes.remove_prefix(std::min(scopes.size(), scope.size() + 1));
    }
  }

  /// `names`: of the client's id and its secret.
  void login(const std::string& path, const JsonNode& from, const std::array<std::string_view, 2>& names) {
    if (!from.is(JsonNode::Kind::object)) return out_.left_out.push_back(path);
    for (const JsonMember& one : from.members) {
      const bool text = one.value.is(JsonNode::Kind::string);
      if (one.key == names[0] && text) {
        out_.login.client_id = one.value.text;
      } else if (one.key == names[1] && text) {
        out_.login.client_secret = one.value.text;
      } else if (one.key == "authorizationServer" && text) {
        out_.login.authorization_server = one.value.text;
      } else if (one.key == "scopes") {
        read_scopes(path + ".scopes", one.value);
      } else if (one.key == "callbackPort" && one.value.number >= 1 && one.value.number <= 65535) {
        out_.login.callback_port = static_cast<int>(one.value.number);
      } else {
        out_.left_out.push_back(path_of_key(path, one.key));
      }
    }
    if (!out_.login.client_id.empty() || out_.login.client_secret.empty()) return;
    out_.login.client_secret.clear();
    out_.left_out.push_back(path_of_key(path, names[1]));
  }

  const ImportClient client_;
  PlainEntry out_;
};

}  // namespace

PlainEntry plain_entry(const JsonNode& entry, ImportClient client) {
  return Plainer(entry, client).run();
}

}  // namespace gateway

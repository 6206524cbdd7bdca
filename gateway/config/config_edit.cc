#include "gateway/config/config_edit.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "gateway/config/entry_text.h"
#include "gateway/config/jsonc_edit.h"
#include "gateway/config/jsonc_write.h"
#include "gateway/config/near_name.h"
#include "gateway/config/top_level.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using Path = std::vector<std::string>;

constexpr std::string_view kServers = "mcpServers", kProfiles = "profiles";

/// What a new file begins as. "profiles" is what makes it Switchyard's own.
constexpr std::string_view kNewFile = R"(// Switchyard's configuration: JSON, in which comments and trailing commas are allowed.
{
  // The servers, by name. "switchyard add" puts one in, "switchyard status" shows how they do.
  "mcpServers": {},

  // Views of some of the servers: "coding": { "servers": ["files"] } is served at /mcp/coding.
  "profiles": {}
}
)";

Path entry_path(const std::string& server) {
  return {std::string(kServers), server};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::unexpected<mcp::Error> invalid(std::string message, std::string remedy = {}) {
  return fail(ErrorCode::config_invalid, std::move(message), std::move(remedy));
}

/// Places are those of the file.
std::unexpected<mcp::Error> refused(const EditBase& base, mcp::Error error) {
  if (error.message.starts_with("line ")) {
    error.message.insert(0, base.file + ", ");
    error.remedy = "Mend that first.";
  }
  return std::unexpected(std::move(error));
}

/// The mistakes of a text that is not written, so without its places.
std::string without_places(std::string_view mistakes, const std::string& file) {
  std::string out;
  while (!mistakes.empty()) {
    std::string_view line = mistakes.substr(0, mistakes.find('\n'));
    mistakes.remove_prefix(std::min(mistakes.size(), line.size() + 1));
    if (const std::size_t place = line.find(": ", file.size()); line.starts_with(file + ":") && place != std::string_view::npos) {
      line.remove_prefix(place + 2);
    }
    out.append(out.empty() ? "" : "; ").append(line);
  }
  return out;
}

/// One edit: the text as it was read and checked, changes to it, and the same checks again.
class Edit {
 public:
  static Result<Edit> open(const EditBase& base, const std::string& text) {
    if (auto json = refuse_toml(base.file); !json) return std::unexpected(json.error());
    auto config = parse_config(text, base.file, base.environment);
    if (!config) return invalid(config.error().message, "Mend that first.");
    if (config->foreign) {
      return invalid(base.file + " is another client's file (it has none of Switchyard's own keys), and those are never written to",
                     "Change it there, or make it Switchyard's own: write \"profiles\": {} at its top level.");
    }
    auto editor = JsoncEditor::open(text);
    if (!editor) return invalid(base.file + ": " + editor.error().message, "Mend that first.");
    return Edit(base, std::move(*editor), config->diagnostics);
  }

  JsoncEditor& editor() { return editor_; }

  const JsonNode* entry(const std::string& server) const { return editor_.find(entry_path(server)); }

  /// Error where one of them is not there.
  Result<> require(const std::vector<std::string>& servers) const {
    std::vector<std::string_view> known;
    if (const JsonNode* all = editor_.find(Path{std::string(kServers)})) {
      for (const JsonMember& member : all->members)
        known.push_back(member.key);
    }
    std::string message;
    for (const std::string& server : servers) {
      if (std::ranges::find(known, server) != known.end()) continue;
      if (!message.empty()) message += message.ends_with('?') ? " There" : ". There";
      message.append(message.empty() ? "there" : "").append(" is no server " + quoted(server) + name_hint(server, known));
    }
    return message.empty() ? Result<>() : invalid(message);
  }

  /// The profiles' names, and whether each has the server.
  std::vector<std::pair<std::string, bool>> profiles_with(const std::string& server) const {
    std::vector<std::pair<std::string, bool>> found;
    const JsonNode* profiles = editor_.find(Path{std::string(kProfiles)});
    for (const JsonMember& profile : profiles == nullptr ? std::vector<JsonMember>() : profiles->members) {
      const JsonMember* servers = profile.value.find("servers");
      const bool has =
          servers != nullptr && std::ranges::find(servers->value.items, server, &JsonNode::text) != servers->value.items.end();
      found.emplace_back(profile.key, has);
    }
    return found;
  }

  Result<> put_into_profile(const std::string& server, const std::string& profile) {
    const auto profiles = profiles_with(server);
    const auto there = std::ranges::find(profiles, profile, &std::pair<std::string, bool>::first);
    if (there != profiles.end() && there->second) return {};
    const bool make = there == profiles.end();
    outcome.profiles.push_back({profile, server, make});
    const std::string all(kProfiles);
    if (make) return editor_.set(Path{all, profile}, json_object({{"servers", json_array({server})}}));
    return editor_.append(Path{all, profile, "servers"}, json_text(server));
  }

  Result<> take_out_of_profiles(const std::string& server) {
    for (const auto& [profile, has] : profiles_with(server)) {
      if (!has) continue;
      outcome.profiles.push_back({profile, server, false});
      const Path path{std::string(kProfiles), profile, "servers"};
      for (std::size_t i = editor_.find(path)->items.size(); i-- > 0;) {
        if (editor_.find(path)->items[i].text != server) continue;
        if (auto taken = editor_.remove_item(path, i); !taken) return taken;
      }
    }
    return {};
  }

  /// What was {} before needs a key of ours beside the servers.
  Result<> stay_ours() {
    return is_foreign(editor_.root()) ? editor_.set(Path{std::string(kProfiles)}, json_object()) : Result<>();
  }

  /// The edit as a whole, checked as the gateway would read it.
  Result<ConfigEdit> finish() {
    auto config = parse_config(editor_.text(), base_.file, base_.environment);
    if (!config) return invalid(without_places(config.error().message, base_.file));
    for (const std::string& server : outcome.changed)
      collect_warnings(*config, server);
    outcome.text = editor_.text();
    return std::move(outcome);
  }

  /// What keeps the servers from being what they should: nothing, or an error. Variables that are not set can still be.
  Result<> check_entries(const std::vector<std::string>& servers) const {
    const auto config = parse_config(editor_.text(), base_.file, base_.environment);
    if (!config) return {};
    for (const std::string& server : servers) {
      if (auto fits = check_entry(*config, server); !fits) return fits;
    }
    return {};
  }

  ConfigEdit outcome;

 private:
  Edit(const EditBase& base, JsoncEditor editor, const std::vector<Diagnostic>& before) : base_(base), editor_(std::move(editor)) {
    for (const Diagnostic& one : before)
      before_.emplace(one.severity, one.path, one.message);
  }

  static Result<> check_entry(const Config& config, const std::string& server) {
    const ServerName name(server);
    if (std::ranges::find(config.servers, name, &ServerSpec::name) != config.servers.end()) return {};
    const auto broken = std::ranges::find(config.broken, name, &BrokenServer::name);
    // A name that is too long stands there shortened.
    const ErrorCode code = broken == config.broken.end() ? ErrorCode::name_invalid : broken->error.code;
    if (code == ErrorCode::variable_missing) return {};
    std::string mistakes;
    for (const Diagnostic& one : config.diagnostics) {
      if (one.severity != Diagnostic::Severity::error || !speaks_of(one, server)) continue;
      mistakes.append(mistakes.empty() ? "" : "; ").append(text_of(one, server));
    }
    return fail(code, "server " + quoted(server) + " was not added: " + mistakes);
  }

  static bool speaks_of(const Diagnostic& one, const std::string& server) {
    const std::string path = path_of_key(std::string(kServers), server);
    if (!one.path.starts_with(path)) return false;
    return one.path.size() == path.size() || one.path[path.size()] == '.' || one.path[path.size()] == '[';
  }

  static std::string text_of(const Diagnostic& one, const std::string& server) {
    std::string path = one.path.substr(path_of_key(std::string(kServers), server).size());
    if (path.starts_with('.')) path.erase(0, 1);
    return (path.empty() ? "" : path + ": ") + one.message;
  }

  /// What was not said of the file before; and what keeps the server from running, in any case.
  void collect_warnings(const Config& config, const std::string& server) {
    for (const Diagnostic& one : config.diagnostics) {
      const bool news = !before_.contains({one.severity, one.path, one.message});
      const bool serious = one.severity == Diagnostic::Severity::error;
      if (speaks_of(one, server) && (news || serious)) outcome.warnings.push_back(server + ": " + text_of(one, server));
    }
  }

  EditBase base_;
  JsoncEditor editor_;
  std::set<std::tuple<Diagnostic::Severity, std::string, std::string>> before_;
};

JsonNode object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::pair<std::string, JsonNode>> members;
  members.reserve(pairs.size());
  for (const auto& [key, value] : pairs)
    members.emplace_back(key, json_text(value));
  return json_object(std::move(members));
}

JsonNode entry_of(const NewServer& server) {
  std::vector<std::pair<std::string, JsonNode>> members;
  if (!server.type.empty()) members.emplace_back("type", json_text(server.type));
  if (!server.url.empty()) members.emplace_back("url", json_text(server.url));
  if (!server.command.empty()) members.emplace_back("command", json_text(server.command.front()));
  if (server.command.size() > 1) members.emplace_back("args", json_array({server.command.begin() + 1, server.command.end()}));
  if (!server.env.empty()) members.emplace_back("env", object_of(server.env));
  if (!server.headers.empty()) members.emplace_back("headers", object_of(server.headers));
  if (!server.cwd.empty()) members.emplace_back("cwd", json_text(server.cwd));
  if (!server.enabled) members.emplace_back("enabled", json_boolean(false));
  if (server.required) members.emplace_back("required", json_boolean(true));
  return json_object(std::move(members));
}

/// Key by key, so that comments inside the entry stay where the key does.
Result<> replace_entry(Edit& edit, const NewServer& server, const JsonNode& entry) {
  Path path = entry_path(server.name);
  const JsonNode old = *edit.entry(server.name);
  edit.outcome.replaced = true;
  if (!old.is(JsonNode::Kind::object)) return edit.editor().set(path, entry);
  path.emplace_back();
  for (const JsonMember& member : entry.members) {
    path.back() = member.key;
    if (auto set = edit.editor().set(path, member.value); !set) return set;
  }
  for (const JsonMember& member : old.members) {
    if (entry.find(member.key) != nullptr) continue;
    path.back() = member.key;
    edit.outcome.lost_keys.push_back(member.key);
    if (auto removed = edit.editor().remove(path); !removed) return removed;
  }
  return {};
}

Result<> remove_unless(JsoncEditor& editor, Path path, const std::string& key, bool kept) {
  const JsonMember* member = editor.find(path)->find(key);
  if (member == nullptr || (member->value.is(JsonNode::Kind::boolean) && member->value.boolean == kept)) return {};
  path.push_back(key);
  return editor.remove(path);
}

/// Takes out what switches it off, or switches it off in the spelling that is there.
Result<> switch_entry(JsoncEditor& editor, const Path& path, bool on) {
  if (on) {
    auto removed = remove_unless(editor, path, "enabled", true);
    return removed ? remove_unless(editor, path, "disabled", false) : removed;
  }
  Path key = path;
  key.emplace_back("enabled");
  if (editor.find(path)->find("disabled") == nullptr) return editor.set(key, json_boolean(false));
  // Both would contradict each other.
  if (auto removed = remove_unless(editor, path, "enabled", false); !removed) return removed;
  key.back() = "disabled";
  return editor.set(key, json_boolean(true));
}

/// Whether the entry is switched on; nothing where what it says of that is no answer, or two.
std::optional<bool> is_on(const JsonNode& entry) {
  const JsonMember *enabled = entry.find("enabled"), *disabled = entry.find("disabled");
  for (const JsonMember* member : {enabled, disabled}) {
    if (member != nullptr && !member->value.is(JsonNode::Kind::boolean)) return std::nullopt;
  }
  if (enabled != nullptr && disabled != nullptr && enabled->value.boolean == disabled->value.boolean) return std::nullopt;
  if (enabled != nullptr) return enabled->value.boolean;
  return disabled == nullptr || !disabled->value.boolean;
}

Result<Edit> open_existing(const EditBase& base, const std::optional<std::string>& text) {
  if (!text) return fail(ErrorCode::io_error, "configuration " + base.file + ": no such file", "\"switchyard add\" begins one.");
  return Edit::open(base, *text);
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const std::string& name : names) {
    if (std::ranges::find(once, name) == once.end()) once.push_back(name);
  }
  return once;
}

}  // namespace

Result<ConfigEdit> add_server(const EditBase& base, const std::optional<std::string>& text, const NewServer& server, bool replace) {
  auto edit = Edit::open(base, text && !is_blank(*text) ? *text : std::string(kNewFile));
  if (!edit) return std::unexpected(edit.error());
  const JsonNode* there = edit->entry(server.name);
  if (there != nullptr && !replace) {
    return invalid(quoted(server.name) + " is in " + base.file + " already: " + entry_text(*there),
                   "Replace it with --replace, or take another name.");
  }
  const JsonNode entry = entry_of(server);
  const std::string before = edit->editor().text();
  const auto put = there != nullptr ? replace_entry(*edit, server, entry) : edit->editor().set(entry_path(server.name), entry);
  if (!put) return refused(base, put.error());
  if (auto ours = edit->stay_ours(); !ours) return refused(base, ours.error());
  if (auto fits = edit->check_entries({server.name}); !fits) return std::unexpected(fits.error());
  for (const std::string& profile : without_repeats(server.profiles)) {
    if (auto in = edit->put_into_profile(server.name, profile); !in) return refused(base, in.error());
  }
  (edit->editor().text() == before ? edit->outcome.unchanged : edit->outcome.changed).push_back(server.name);
  return edit->finish();
}

Result<ConfigEdit> add_entries(const EditBase& base,
                               const std::optional<std::string>& text,
                               const std::vector<std::pair<std::string, JsonNode>>& entries) {
  auto edit = Edit::open(base, text && !is_blank(*text) ? *text : std::string(kNewFile));
  if (!edit) return std::unexpected(edit.error());
  for (const auto& [name, entry] : entries) {
    if (edit->entry(name) != nullptr) return invalid(quoted(name) + " is in " + base.file + " already");
    if (auto put = edit->editor().set(entry_path(name), entry); !put) return refused(base, put.error());
    edit->outcome.changed.push_back(name);
  }
  if (auto ours = edit->stay_ours(); !ours) return refused(base, ours.error());
  if (auto fits = edit->check_entries(edit->outcome.changed); !fits) return std::unexpected(fits.error());
  return edit->finish();
}

Result<ConfigEdit> remove_servers(const EditBase& base,
                                  const std::optional<std::string>& text,
                                  const std::vector<std::string>& names) {
  auto edit = open_existing(base, text);
  if (!edit) return std::unexpected(edit.error());
  const std::vector<std::string> once = without_repeats(names);
  if (auto known = edit->require(once); !known) return std::unexpected(known.error());
  for (const std::string& name : once) {
    if (auto removed = edit->editor().remove(entry_path(name)); !removed) return refused(base, removed.error());
    if (auto taken = edit->take_out_of_profiles(name); !taken) return refused(base, taken.error());
    edit->outcome.changed.push_back(name);
  }
  return edit->finish();
}

Result<ConfigEdit> switch_servers(const EditBase& base,
                                  const std::optional<std::string>& text,
                                  const std::vector<std::string>& names,
                                  bool on) {
  auto edit = open_existing(base, text);
  if (!edit) return std::unexpected(edit.error());
  const std::vector<std::string> once = without_repeats(names);
  if (auto known = edit->require(once); !known) return std::unexpected(known.error());
  for (const std::string& name : once) {
    const JsonNode& entry = *edit->entry(name);
    if (!entry.is(JsonNode::Kind::object)) {
      return invalid(
          "server " + quoted(name) + " in " + base.file + ": expected an object, found " + std::string(describe(entry.kind)),
          "Mend that first.");
    }
    if (is_on(entry) == on) {
      edit->outcome.unchanged.push_back(name);
      continue;
    }
    if (auto switched = switch_entry(edit->editor(), entry_path(name), on); !switched) return refused(base, switched.error());
    edit->outcome.changed.push_back(name);
  }
  return edit->finish();
}

}  // namespace gateway

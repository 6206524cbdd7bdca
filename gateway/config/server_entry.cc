#include "gateway/config/server_entry.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <utility>

#include "gateway/config/environments.h"
#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_fields.h"
#include "gateway/config/server_values.h"
#include "gateway/config/tool_overrides.h"
#include "gateway/config/utf8.h"

namespace gateway {
namespace {

enum class Kind { stdio, http };

constexpr std::size_t kMaxName = 64;  // characters

/// Why a server cannot have that name, or "".
std::string name_problem(std::string_view name) {
  if (name.empty()) return "a server needs a name";
  if (name == "." || name == "..") return "a server cannot be named " + std::string(name);
  std::size_t characters = 0;
  for (std::size_t i = 0; i < name.size(); ++characters) {
    const std::size_t length = utf8_length(name, i);
    if (length == 0 || is_unprintable(utf8_decode(name, i, length))) return "a server's name cannot hold invisible characters";
    i += length;
  }
  if (characters > kMaxName) return "a server's name is at most 64 characters, this one has " + std::to_string(characters);
  if (name.find('/') != std::string_view::npos) return "a server's name cannot hold '/'";
  if (name.starts_with(' ') || name.ends_with(' ')) return "a server's name cannot begin or end with a space";
  return "";
}

class EntryReader {
 public:
  EntryReader(const JsonMember& member, const std::string& path, const EntryContext& context)
      : member_(member), path_(path), context_(context) {}

  ServerEntry read() {
    if (std::string problem = name_problem(member_.key); !problem.empty()) {
      findings_.error(path_, member_.at, std::move(problem));
      return broken_server(member_, mcp::ErrorCode::name_invalid, findings_, context_);
    }
    ServerSpec spec;
    spec.name = ServerName(member_.key);
    if (member_.value.is(JsonNode::Kind::object)) {
      read_fields(spec);
    } else {
      findings_.wrong_type(path_, member_.value, "an object");
    }
    if (!findings_.usable()) {
      const bool variables = findings_.only_variables_missing();
      auto broken = broken_server(
          member_, variables ? mcp::ErrorCode::variable_missing : mcp::ErrorCode::config_invalid, findings_, context_);
      broken.files = std::move(files_);
      return broken;
    }
    return ServerEntry{std::move(spec), std::nullopt, findings_.all(), std::move(files_)};
  }

 private:
  const FieldEntry* field(Field field) const {
    const auto found = fields_.find(field);
    return found == fields_.end() ? nullptr : &found->second;
  }

  void read_fields(ServerSpec& spec) {
    fields_ = collect_fields(member_.value, path_, context_.foreign, findings_);
    read_switches(spec);
    read_timeouts(spec);
    read_tools(spec);
    if (const FieldEntry* entry = field(Field::validate)) spec.checks = read_checks(*entry->value, entry->path, findings_);
    read_environment(spec);
    read_running(spec);
    spec.hide_without_login = choice<bool>(Field::on_login_required, {{"keep", false}, {"hide", true}}, false);
    const auto kind = kind_of_transport();
    if (kind) refuse_other_fields(*kind);
    ServerValues values(context_, fields_, member_.key, !spec.enabled, findings_);
    // With no kind the entry is broken; both are read for the mistakes in them.
    if (kind != Kind::http) spec.transport = values.stdio();
    if (kind != Kind::stdio) {
      HttpSpec http = values.http();
      http.kind = http_kind_;
      spec.oauth = values.oauth(http.access);
      spec.transport = std::move(http);
    }
    spec.secrets = values.take_secrets();
    files_ = values.take_files();
  }

  bool boolean(Field wanted, bool otherwise) {
    const FieldEntry* entry = field(wanted);
    return entry == nullptr ? otherwise : read_boolean(*entry->value, entry->path, findings_).value_or(otherwise);
  }

  void read_switches(ServerSpec& spec) {
    const bool enabled = boolean(Field::enabled, true);
    const bool disabled = boolean(Field::disabled, false);
    if (field(Field::enabled) != nullptr && field(Field::disabled) != nullptr && enabled == disabled) {
      const FieldEntry* entry = field(Field::disabled);
      const std::string problem = quoted(entry->key) + " contradicts " + quoted(field(Field::enabled)->key);
      if (context_.foreign) {
        findings_.warning(entry->path, entry->at, problem + "; the server is switched off");
      } else {
        findings_.error(entry->path, entry->at, problem);
      }
    }
    spec.enabled = enabled && !disabled;
    spec.required = boolean(Field::required, false);
    if (spec.required && !spec.enabled) {
      const FieldEntry* entry = field(Field::required);
      findings_.warning(entry->path, entry->at, "has no effect: the server is switched off");
    }
  }

  /// In a foreign file a time that cannot be is no reason to go without the server.
  std::chrono::milliseconds seconds(const FieldEntry& entry, const JsonNode& value, std::chrono::milliseconds usual) {
    Findings own;
    const auto read = read_seconds(value, entry.path, false, own);
    for (const Diagnostic& diagnostic : own.all()) {
      if (context_.foreign) {
        findings_.warning(entry.path, value.at, diagnostic.message + "; " + std::to_string(usual.count() / 1000) + " s is taken");
      } else {
        findings_.error(entry.path, value.at, diagnostic.message);
      }
    }
    return read.value_or(usual);
  }

  void read_timeouts(ServerSpec& spec) {
    if (const FieldEntry* entry = field(Field::startup_timeout)) {
      spec.startup_timeout = seconds(*entry, *entry->value, spec.startup_timeout);
    }
    if (const FieldEntry* entry = field(Field::call_timeout)) {
      spec.call_timeout = seconds(*entry, *entry->value, spec.call_timeout);
    } else if (const FieldEntry* either = field(Field::call_timeout_either)) {
      spec.call_timeout = read_either(*either, spec.call_timeout);
    }
  }

  /// "timeout" is in seconds for Cline (60) and Roo Code (1..3600), in milliseconds for Gemini and Claude Code (600000). Nobody
  /// waits over an hour or means less than four seconds, so up to 3600 are seconds and more are milliseconds.
  std::chrono::milliseconds read_either(const FieldEntry& entry, std::chrono::milliseconds usual) {
    JsonNode value = *entry.value;
    if (value.number > 3600) value.number /= 1000;
    return seconds(entry, value, usual);
  }

  void read_tools(ServerSpec& spec) {
    if (const FieldEntry* entry = field(Field::tools)) {
      if (context_.foreign && entry->value->is(JsonNode::Kind::array)) {
        spec.tools_allow = read_names(*entry->value, entry->path, findings_);
      } else {
        read_tools_object(*entry, spec);
      }
    }
    if (const FieldEntry* entry = field(Field::tools_allow)) spec.tools_allow = read_names(*entry->value, entry->path, findings_);
    if (const FieldEntry* entry = field(Field::tools_deny)) spec.tools_deny = read_names(*entry->value, entry->path, findings_);
  }

  void read_tools_object(const FieldEntry& entry, ServerSpec& spec) {
    if (!entry.value->is(JsonNode::Kind::object)) {
      findings_.wrong_type(entry.path, *entry.value, "an object with \"allow\", \"deny\" and \"override\"");
      return;
    }
    for (const JsonMember& member : entry.value->members) {
      const std::string here = path_of_key(entry.path, member.key);
      if (member.earlier) findings_.error(here, member.at, repeated_message(*member.earlier));
      if (std::ranges::find(kToolsKeys, member.key) == kToolsKeys.end()) {
        refuse_tools_key(member, here);
      } else if (member.key == "allow") {
        spec.tools_allow = read_names(member.value, here, findings_);
      } else if (member.key == "deny") {
        spec.tools_deny = read_names(member.value, here, findings_);
      } else if (member.key == "override") {
        spec.tools_override = read_tool_overrides(member.value, here, findings_);
      }
    }
  }

  void refuse_tools_key(const JsonMember& member, const std::string& here) {
    if (context_.foreign && !may_restrict_tools(member.key + " tools")) {
      findings_.warning(here, member.at, "unknown key " + quoted(member.key) + " is ignored");
    } else {
      const std::vector<std::string_view> keys(kToolsKeys.begin(), kToolsKeys.end());
      findings_.error(here, member.at, "unknown key " + quoted(member.key) + name_hint(member.key, keys));
    }
  }

  void read_environment(ServerSpec& spec) {
    const FieldEntry* entry = field(Field::environment);
    if (entry == nullptr) return;
    auto name = read_text(*entry->value, entry->path, findings_);
    if (!name) return;
    if (std::string problem = environment_name_problem(*name); !problem.empty()) {
      findings_.error(entry->path, entry->value->at, std::move(problem));
    }
    spec.environment = std::move(*name);
  }

  /// The value that the key says, by its name in the file; `usual` where it is not there, or none of them.
  template <class Value>
  Value choice(Field wanted, std::initializer_list<std::pair<std::string_view, Value>> values, Value usual) {
    const FieldEntry* entry = field(wanted);
    if (entry == nullptr) return usual;
    const auto text = read_text(*entry->value, entry->path, findings_);
    if (!text) return usual;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : values) {
      if (name == *text) return value;
      names.push_back(name);
    }
    findings_.error(entry->path, entry->value->at, "unknown value " + quoted(*text) + name_hint(*text, names));
    return usual;
  }

  void read_running(ServerSpec& spec) {
    spec.isolation = choice<Isolation>(
        Field::isolation,
        {{"shared", Isolation::shared}, {"per_user", Isolation::per_user}, {"per_session", Isolation::per_session}},
        spec.isolation);
    spec.start = choice<StartMode>(Field::start, {{"eager", StartMode::eager}, {"lazy", StartMode::lazy}}, spec.start);
    const auto time = [this](Field wanted, std::chrono::milliseconds usual) {
      const FieldEntry* entry = field(wanted);
      return entry == nullptr ? usual : read_seconds(*entry->value, entry->path, true, findings_).value_or(usual);
    };
    spec.idle_stop = time(Field::idle_stop, spec.idle_stop);
    spec.ping_interval = time(Field::ping_interval, spec.ping_interval);
    if (const FieldEntry* entry = field(Field::max_concurrent)) {
      spec.max_concurrent = read_count(*entry->value, entry->path, 0, 10'000, findings_).value_or(spec.max_concurrent);
    }
  }

  std::optional<Kind> kind_of_transport() {
    const FieldEntry* command = field(Field::command);
    const FieldEntry* url = field(Field::url);
    const std::optional<Kind> named = named_type();
    if (field(Field::type) != nullptr && !named) return std::nullopt;
    if (command != nullptr && url != nullptr) {
      findings_.error(path_,
                      url->at,
                      quoted(command->key) + " and " + quoted(url->key) +
                          " exclude each other: a server is started by a command or reached at a URL");
      return std::nullopt;
    }
    if (command == nullptr && url == nullptr) {
      findings_.error(path_, member_.at, "expected \"command\" (a program to start) or \"url\" (a server to reach)");
      return std::nullopt;
    }
    const Kind kind = command != nullptr ? Kind::stdio : Kind::http;
    if (named && *named != kind) {
      const FieldEntry* type = field(Field::type);
      findings_.error(type->path,
                      type->value->at,
                      quoted(type->value->text) + " does not go with " + quoted((command != nullptr ? command : url)->key));
    }
    return kind;
  }

  std::optional<Kind> named_type() {
    const FieldEntry* entry = field(Field::type);
    if (entry == nullptr) return std::nullopt;
    const auto text = read_text(*entry->value, entry->path, findings_);
    if (!text) return std::nullopt;
    if (*text == "stdio" || *text == "local") return Kind::stdio;
    if (const auto kind = http_kind(*text)) {
      http_kind_ = *kind;
      return Kind::http;
    }
    findings_.error(entry->path,
                    entry->value->at,
                    "unknown type " + quoted(*text) + name_hint(*text, {"stdio", "http", "streamable-http", "sse"}));
    return std::nullopt;
  }

  /// What a type that is one over HTTP says of the transport.
  static std::optional<HttpKind> http_kind(std::string_view type) {
    static constexpr std::array<std::string_view, 5> kStreamable = {
        "http", "streamable-http", "streamableHttp", "streamable_http", "streamable"};
    static constexpr std::array<std::string_view, 3> kSse = {"sse", "http+sse", "http-sse"};
    if (std::ranges::find(kStreamable, type) != kStreamable.end()) return HttpKind::streamable;
    if (std::ranges::find(kSse, type) != kSse.end()) return HttpKind::sse;
    // Those who write "remote" try one after the other, too.
    return type == "remote" ? std::optional(HttpKind::unknown) : std::nullopt;
  }

  void refuse_other_fields(Kind kind) {
    static constexpr std::array kStdioOnly = {Field::args, Field::env, Field::env_file, Field::cwd, Field::sandbox};
    static constexpr std::array kHttpOnly = {
        Field::headers, Field::ca_file, Field::oauth, Field::bearer, Field::bearer_variable, Field::on_login_required};
    const std::span<const Field> others =
        kind == Kind::stdio ? std::span<const Field>(kHttpOnly) : std::span<const Field>(kStdioOnly);
    const std::string why = kind == Kind::stdio ? " is not supported for a stdio server (one with a command)"
                                                : " is not supported for an HTTP server (one with a URL)";
    for (const Field other : others) {
      const FieldEntry* entry = field(other);
      if (entry == nullptr) continue;
      if (context_.foreign) {
        findings_.warning(entry->path, entry->at, quoted(entry->key) + why + "; it is ignored");
      } else {
        findings_.error(entry->path, entry->at, quoted(entry->key) + why);
      }
    }
  }

  const JsonMember& member_;
  const std::string& path_;
  const EntryContext& context_;
  ServerFields fields_;
  HttpKind http_kind_ = HttpKind::unknown;
  Findings findings_;
  std::vector<std::string> files_;
};

/// A name of any length, as it may stand in tables and answers.
std::string shown_name(const std::string& name) {
  std::size_t end = 0;
  for (std::size_t characters = 0; end < name.size() && characters < kMaxName; ++characters)
    end += std::max<std::size_t>(1, utf8_length(name, end));
  return end < name.size() ? name.substr(0, end) + "…" : name;
}

bool says_required(const JsonNode& entry) {
  const JsonMember* required = entry.find("required");
  return required != nullptr && required->value.boolean;
}

/// What to do about an entry that lacks nothing but variables, secrets or both. The gateway's environment is that of its start;
/// the store is looked at again whenever something is stored.
std::string remedy_of_missing(const std::vector<Diagnostic>& diagnostics) {
  const auto lacks = [&](Diagnostic::Missing what) {
    return std::ranges::any_of(diagnostics, [what](const Diagnostic& one) { return one.missing == what; });
  };
  const bool secrets = lacks(Diagnostic::Missing::secret), variables = lacks(Diagnostic::Missing::variable);
  if (!secrets) return "Set what is missing and start the gateway again, or mend the file.";
  if (!variables) return "Store what is missing, which needs no new start of the gateway, or mend the file.";
  return "Store the secrets that are missing, set the variables and start the gateway again, or mend the file.";
}

}  // namespace

ServerEntry read_server(const JsonMember& member, const std::string& path, const EntryContext& context) {
  return EntryReader(member, path, context).read();
}

ServerEntry broken_server(const JsonMember& member, mcp::ErrorCode code, const Findings& findings, const EntryContext& context) {
  constexpr std::size_t kShown = 5;
  mcp::Error error{code, "server " + quoted(member.key) + " is left out: ", "", ""};
  std::vector<Diagnostic> sorted = findings.all();
  sort_by_place(sorted);
  std::size_t mistakes = 0;
  for (const Diagnostic& diagnostic : sorted) {
    if (diagnostic.severity != Diagnostic::Severity::error || ++mistakes > kShown) continue;
    error.message += (mistakes == 1 ? "" : "; ") + diagnostic.text(context.file);
  }
  if (mistakes > kShown) error.message += "; and " + std::to_string(mistakes - kShown) + " more";
  if (!error.message.ends_with('?')) error.message += '.';
  error.remedy = code == mcp::ErrorCode::variable_missing ? remedy_of_missing(sorted) : "Mend the file.";
  return ServerEntry{
      std::nullopt,
      BrokenServer{.name = ServerName(shown_name(member.key)), .required = says_required(member.value), .error = std::move(error)},
      std::move(sorted),
      {}};
}

}  // namespace gateway

#include "gateway/import/carry_out.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/config/jsonc_write.h"
#include "gateway/config/update_file.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

/// Also in a comment: somebody may want it back.
bool names(const std::string& text, const std::string& secret) {
  return text.contains("${" + std::string(kSecretPrefix) + secret + "}");
}

std::vector<std::pair<std::string, JsonNode>> added(const ImportPlan& plan) {
  std::vector<std::pair<std::string, JsonNode>> entries;
  for (const ImportedServer& server : plan.servers) {
    if (server.verdict == ImportVerdict::add) entries.emplace_back(server.name, server.converted.entry);
  }
  return entries;
}

/// Everything that an import has done so far can be taken back until it is kept.
class Deed {
 public:
  Deed(ImportRecord record, ImportRecords& records, oauth::CredentialStore& store)
      : record_(std::move(record)), records_(records), store_(store) {}

  ~Deed() {
    if (kept_) return;
    for (const std::string& name : stored_) [[maybe_unused]]
      const auto removed = store_.remove_secret(name);
    if (!record_.path.empty()) records_.remove(record_);
  }

  Deed(const Deed&) = delete;
  Deed& operator=(const Deed&) = delete;

  Result<> begin() { return records_.add(record_); }

  Result<> store(const std::string& name, const std::string& value) {
    const auto there = store_.load_secret(name);
    if (!there) return std::unexpected(there.error());
    if (*there && **there != value) {
      return fail(ErrorCode::config_invalid, "the secret " + name + " was stored by somebody else meanwhile", "Import again.");
    }
    if (*there) return {};
    if (auto saved = store_.save_secret(name, value); !saved) return saved;
    stored_.push_back(name);
    return {};
  }

  /// It is done; that this cannot be written down is no failure.
  void keep() {
    kept_ = true;
    record_.done = true;
    [[maybe_unused]] const auto written = records_.update(record_);
  }

 private:
  ImportRecord record_;
  ImportRecords& records_;
  oauth::CredentialStore& store_;
  std::vector<std::string> stored_;
  bool kept_ = false;
};

ImportRecord record_of(const ImportPlan& plan, const ImportBase& base, const std::string& text) {
  ImportRecord record{
      .time = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(),
      .file = base.file,
      .made_file = !base.text,
      .before_digest = base.text ? ImportRecord::digest(*base.text) : "",
      .after_digest = ImportRecord::digest(text),
      .splice = TextSplice::between(base.text.value_or(""), text),
      .servers = added(plan)};
  for (const auto& [name, value] : plan.secrets)
    record.secrets.push_back(name);
  return record;
}

/// Whether the import that was begun never came to its configuration, whose text is `text`.
bool never_happened(const ImportRecord& record, const std::optional<std::string>& text) {
  if (record.done) return false;
  return record.made_file ? !text : text && ImportRecord::digest(*text) == record.before_digest;
}

/// Changes the file from this very text to that one.
Result<> replace_text(const std::string& file, const std::optional<std::string>& from, const std::string& to) {
  const TextChange change = [&](const std::optional<std::string>& text) -> Result<std::string> {
    if (text == from) return to;
    return fail(ErrorCode::config_invalid, file + " was changed by somebody else meanwhile", "Try again.");
  };
  return update_file(file, kJsoncMaxBytes, change);
}

const JsonNode* entry_in(const JsonNode& root, const std::string& name) {
  const JsonMember* servers = root.find("mcpServers");
  const JsonMember* entry = servers == nullptr ? nullptr : servers->value.find(name);
  return entry == nullptr ? nullptr : &entry->value;
}

/// Takes out what is still as it came.
Result<> take_out_unchanged(UndoPlan& plan, const Environment& environment) {
  const JsonNode root = parse_jsonc(*plan.text).root;
  for (const auto& [name, entry] : plan.record.servers) {
    const JsonNode* there = entry_in(root, name);
    if (there == nullptr) {
      plan.gone.push_back(name);
    } else if (same_value(*there, entry)) {
      plan.servers.push_back(name);
    } else {
      plan.changed.push_back(name);
    }
  }
  plan.new_text = plan.text;
  if (plan.servers.empty()) return {};
  auto edit = remove_servers(EditBase{plan.record.file, environment}, plan.text, plan.servers);
  if (!edit) return std::unexpected(edit.error());
  plan.new_text = std::move(edit->text);
  return {};
}

void choose_secrets(UndoPlan& plan) {
  for (const std::string& name : plan.record.secrets)
    (names(plan.new_text.value_or(""), name) ? plan.kept_secrets : plan.secrets).push_back(name);
}

}  // namespace

Result<ConfigEdit> edit_of_import(const ImportPlan& plan, const ImportBase& base) {
  const Environment environment = [&](std::string_view name) -> std::optional<std::string> {
    if (!name.starts_with(kSecretPrefix)) return base.environment(name);
    const auto fresh = plan.secrets.find(std::string(name.substr(kSecretPrefix.size())));
    return fresh == plan.secrets.end() ? base.environment(name) : std::optional(fresh->second);
  };
  return add_entries(EditBase{base.file, environment}, base.text, added(plan));
}

Result<ImportOutcome> carry_out_import(const ImportPlan& plan,
                                       const ImportBase& base,
                                       ImportRecords& records,
                                       oauth::CredentialStore& store) {
  auto edit = edit_of_import(plan, base);
  if (!edit) return std::unexpected(std::move(edit).error());
  Deed deed(record_of(plan, base, edit->text), records, store);
  if (auto begun = deed.begin(); !begun) return std::unexpected(begun.error());
  ImportOutcome outcome;
  for (const auto& [name, value] : plan.secrets) {
    if (auto stored = deed.store(name, value); !stored) return std::unexpected(stored.error());
    outcome.secrets.push_back(name);
  }
  if (auto written = replace_text(base.file, base.text, edit->text); !written) return std::unexpected(written.error());
  deed.keep();
  outcome.edit = std::move(*edit);
  return outcome;
}

Result<UndoPlan> plan_undo(const ImportRecords& records, const Environment& environment, bool in_use) {
  const std::vector<ImportRecord> all = records.all();
  if (all.empty()) return fail(ErrorCode::config_invalid, "there is no import to take back");
  UndoPlan plan{.record = all.front()};
  auto text = read_if_there(plan.record.file, kJsoncMaxBytes);
  if (!text) return std::unexpected(text.error());
  plan.text = std::move(*text);
  const bool unchanged = plan.text && ImportRecord::digest(*plan.text) == plan.record.after_digest;
  const bool goes = unchanged && plan.record.made_file && !in_use;
  std::optional<std::string> before;
  if (unchanged && !plan.record.made_file && plan.record.splice) before = plan.record.splice->undone(*plan.text);
  if (goes || (before && ImportRecord::digest(*before) == plan.record.before_digest)) {
    plan.exact = true;
    plan.new_text = goes ? std::nullopt : std::move(before);
    for (const auto& [name, entry] : plan.record.servers)
      plan.servers.push_back(name);
  } else if (plan.text) {
    if (auto taken = take_out_unchanged(plan, environment); !taken) return std::unexpected(taken.error());
  } else {
    for (const auto& [name, entry] : plan.record.servers)
      plan.gone.push_back(name);
  }
  choose_secrets(plan);
  return plan;
}

Result<> carry_out_undo(const UndoPlan& plan, ImportRecords& records, oauth::CredentialStore& store) {
  if (!plan.new_text && plan.text) {
    const auto now = read_if_there(plan.record.file, kJsoncMaxBytes);
    if (!now) return std::unexpected(now.error());
    if (*now != plan.text) {
      return fail(ErrorCode::config_invalid, plan.record.file + " was changed by somebody else meanwhile", "Try again.");
    }
    const auto target = behind_links(plan.record.file);
    if (!target) return std::unexpected(target.error());
    ::unlink(target->c_str());
  } else if (plan.new_text != plan.text) {
    if (auto written = replace_text(plan.record.file, plan.text, *plan.new_text); !written) return written;
  }
  for (const std::string& name : plan.secrets) {
    if (auto removed = store.remove_secret(name); !removed) return std::unexpected(removed.error());
  }
  records.remove(plan.record);
  return {};
}

std::vector<std::string> clear_interrupted(ImportRecords& records, oauth::CredentialStore& store) {
  std::vector<std::string> cleared;
  for (const ImportRecord& record : records.all()) {
    const auto text = read_if_there(record.file, kJsoncMaxBytes);
    if (!text || !never_happened(record, *text)) continue;
    bool failed = false;
    for (const std::string& name : record.secrets) {
      if (names(text->value_or(""), name)) continue;
      const auto removed = store.remove_secret(name);
      failed = failed || !removed;
      if (removed && *removed) cleared.push_back(name);
    }
    if (!failed) records.remove(record);
  }
  return cleared;
}

}  // namespace gateway

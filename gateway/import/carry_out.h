#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config_edit.h"
#include "gateway/import/import_plan.h"
#include "gateway/import/import_record.h"
#include "oauth/credential_store.h"

namespace gateway {

/// What an import wrote.
struct ImportOutcome {
  ConfigEdit edit;
  std::vector<std::string> secrets;  // names of those that were stored
};

/// What the configuration would be after the import. Errors: as those of add_entries().
mcp::Result<ConfigEdit> edit_of_import(const ImportPlan& plan, const ImportBase& base);

/// Does what was planned, or nothing: writes down what it is going to do, stores the secrets, then changes the configuration, all
/// of it in one step. Where it is ended between these, secrets are left that nothing names, until clear_interrupted(). Errors:
/// those of the store and of update_file(); config_invalid where the configuration is not any more what the plan was made for.
mcp::Result<ImportOutcome> carry_out_import(const ImportPlan& plan,
                                            const ImportBase& base,
                                            ImportRecords& records,
                                            oauth::CredentialStore& store);

/// What taking an import back comes to.
struct UndoPlan {
  ImportRecord record;
  std::optional<std::string> text;        // of the configuration now
  std::optional<std::string> new_text;    // {}: the file goes
  bool exact = false;                     // it becomes what it was, byte by byte
  std::vector<std::string> servers;       // that are taken out
  std::vector<std::string> changed;       // that stay, because they are not any more as they came
  std::vector<std::string> gone;          // that are not there any more
  std::vector<std::string> secrets;       // that go with them
  std::vector<std::string> kept_secrets;  // that something else names
};

/// How to take the newest import back, whatever configuration it was into. A configuration that has changed since loses just the
/// servers that are still as they came. `in_use`: a gateway runs on the configuration, so a file that the import made stays,
/// without servers. Error config_invalid where there is nothing to take back.
mcp::Result<UndoPlan> plan_undo(const ImportRecords& records, const Environment& environment, bool in_use);

/// Does it, and forgets the import.
mcp::Result<> carry_out_undo(const UndoPlan& plan, ImportRecords& records, oauth::CredentialStore& store);

/// Removes the secrets of imports that never came to change the configuration, where that names none of them; their names.
std::vector<std::string> clear_interrupted(ImportRecords& records, oauth::CredentialStore& store);

}  // namespace gateway

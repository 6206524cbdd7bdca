#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/import/source_reader.h"

namespace gateway {

/// A value that nobody has written down yet: a stored secret, or a variable.
struct NeededValue {
  std::string name;
  bool secret = false;
  std::string why;  // "VS Code asks for it: GitHub token"

  bool operator==(const NeededValue&) const = default;
};

/// A value of another client's file as ours has it.
struct ClientText {
  std::string text;
  std::vector<NeededValue> needed;
  std::vector<std::string> notes;  // sentences without a full stop
  std::string problem;             // why it cannot be said here; "": it can
};

/// Puts the references that a client fills in into our words: ${env:VAR} → ${VAR}, ${input:ID} → ${secret:…} or a variable with its
/// default, ${workspaceFolder} → the project's folder, or ${WORKSPACE_FOLDER} where there is no project; ${userHome},
/// ${pathSeparator}. Claude Desktop and Codex put nothing in: what looks like a reference there stays as it is ("$${"), as does in
/// all clients what is no reference of theirs, and ${secret:…}, which only we have. `folder` is the project's.
ClientText in_our_words(std::string_view text, const SourceReading& source, const std::string& folder);

/// A text in which nothing is a reference: "${" becomes "$${".
std::string without_references(std::string_view text);

}  // namespace gateway

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// What a key of a server's entry means, however it is spelled.
enum class Field {
  command,
  args,
  env,
  env_file,
  cwd,
  sandbox,
  url,
  headers,
  ca_file,
  type,
  enabled,
  disabled,
  required,
  startup_timeout,
  call_timeout,
  call_timeout_either,  // other clients' "timeout": seconds or milliseconds
  tools,
  tools_allow,
  tools_deny,
  validate,
  environment,
  isolation,
  start,
  idle_stop,
  ping_interval,
  max_concurrent,
  oauth,
  bearer,
  bearer_variable,  // other clients': the name of the variable alone
  on_login_required,
  ignored,
};

/// One key of an entry and its value.
struct FieldEntry {
  std::string key;   // as it is spelled
  std::string path;  // of the value
  TextPosition at;   // of the key
  const JsonNode* value = nullptr;
};

using ServerFields = std::map<Field, FieldEntry>;

/// Sorts an entry's keys by what they mean; values are views into `entry`. In a file of ours an unknown or repeated key is an
/// error; in a foreign one it is a warning, but an error where it may switch something off, other clients' spellings are known, and
/// what they write that means nothing here is passed over.
ServerFields collect_fields(const JsonNode& entry, const std::string& path, bool foreign, Findings& findings);

/// Whether an unknown key speaks of some tools and not of others: "blockedTools", "tool-filter". Passing over it would offer what
/// somebody switched off.
bool may_restrict_tools(std::string_view key);

/// The keys that an entry in a file of ours can have.
std::vector<std::string_view> own_server_keys();

/// "written twice; the first is at line 3, column 5".
std::string repeated_message(TextPosition first);

/// An error for every key written twice in an object, or in one anywhere below `node`.
void refuse_repeated_keys(const JsonNode& node, const std::string& path, Findings& findings);

}  // namespace gateway

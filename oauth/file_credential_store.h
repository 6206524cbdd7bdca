#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mcp/base/result.h"
#include "oauth/credential_store.h"
#include "oauth/key_file.h"
#include "oauth/keyring.h"
#include "oauth/private_folder.h"

namespace oauth {

struct FileStoreOptions {
  std::string folder;                 // STATE/credentials
  std::optional<KeyPlace> key_place;  // {}: where it is, in a file for a folder that has none yet
  KeyringOptions keyring;             // asked only where the key is there
  StepHook before_step = {};          // for tests
};

/// Where a state folder keeps its credentials.
std::string credentials_folder(const std::string& state_dir);

/// The store whose records are files in one folder, each sealed (seal.h) under its own name: `credential-`, `client-` or `secret-`,
/// SHA-256 of the key, `.sealed`. Beside them lie `key` (key_file.h) and `.lock` files, one for each login that was ever locked.
/// Records hold at most 1 MiB each; one that is larger, or no UTF-8, is not saved (too_large, invalid_params). Folder and key are
/// made when something is first to be kept: until then nothing is written.
///
/// Whoever wants to know of other processes' changes watches the folder: each of them makes a file in it, renames one, or removes
/// one, so that the folder's time changes (gateway::FileWatch: the folder itself, and any file in it). Locks are taken and given
/// back without that, but for the first of each login.
std::unique_ptr<CredentialStore> open_file_store(FileStoreOptions options);

/// Moves the key of such a folder between its file and the keyring. The records stay as they are, and whoever uses the store
/// meanwhile goes on. False where it is there already, or there is none. Blocks. Errors as those of the store.
mcp::Result<bool> move_store_key(const FileStoreOptions& options, KeyPlace place);

}  // namespace oauth

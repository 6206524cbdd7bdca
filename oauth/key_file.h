#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "mcp/base/result.h"
#include "oauth/keyring.h"
#include "oauth/private_folder.h"
#include "oauth/seal.h"

namespace oauth {

/// Where the key is that the records of a folder are sealed with.
enum class KeyPlace { file, keyring };

/// The file `key` of a folder of records: the key itself, or which one of the keyring's it is. The key is made once, by whichever
/// process is the first to need it, and stays the same wherever it is moved. Every look reads the file, so that one that was
/// exchanged counts from then on; the keyring is asked once for each key. Blocks; any thread. Errors: io_error, naming the file, or
/// what the keyring lacks.
class KeyFile {
 public:
  /// `place`: where the key has to be; {}: wherever it is, in the file where there is none yet. A key that is somewhere else is an
  /// error, and stays there: only move() moves it.
  KeyFile(PrivateFolder& folder, KeyringOptions keyring, std::optional<KeyPlace> place);

  std::string path() const { return folder_.file(kName); }

  /// Nothing where no key was made yet.
  mcp::Result<std::optional<SealingKey>> find();

  /// Makes one where there is none, but not where sealed records are: theirs is lost then, and must come back.
  mcp::Result<SealingKey> find_or_make();

  /// At every moment of it the key is in one of the two places, or in both. False where there was nothing to move.
  mcp::Result<bool> move(KeyPlace place);

  static constexpr const char* kName = "key";
  static constexpr std::string_view kSealedSuffix = ".sealed";

 private:
  struct Entry {
    KeyPlace place = KeyPlace::file;
    std::optional<SealingKey> key;  // where it is in the file
    std::string id;
  };

  mcp::Result<std::optional<Entry>> read() const;
  mcp::Result<std::optional<SealingKey>> key_of(const Entry& entry);
  mcp::Result<SealingKey> from_keyring(const std::string& id);
  mcp::Result<> make();
  mcp::Result<bool> has_records() const;

  PrivateFolder& folder_;
  const Keyring keyring_;
  const std::optional<KeyPlace> place_;
  std::mutex mutex_;
  std::optional<SealingKey> asked_;  // what the keyring gave last
};

}  // namespace oauth

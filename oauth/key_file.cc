#include "oauth/key_file.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <utility>
#include <vector>

#include "oauth/credential_store.h"

namespace oauth {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

// The file is one line, of one of these and hex digits. Later versions have another number.
constexpr std::string_view kForm = "switchyard key ";
constexpr std::string_view kInFile = "switchyard key 1 file ";
constexpr std::string_view kInKeyring = "switchyard key 1 keyring ";
constexpr std::size_t kMostBytes = 256;
constexpr std::size_t kIdDigits = 16;

std::string_view word_for(KeyPlace place) {
  return place == KeyPlace::file ? "the file" : "the keyring";
}

std::string line_of(KeyPlace place, const SealingKey& key) {
  return place == KeyPlace::file ? std::string(kInFile) + key.hex() + "\n" : std::string(kInKeyring) + key.id() + "\n";
}

/// Writes the line, and leaves none in memory.
template <class Write>
auto with_line(KeyPlace place, const SealingKey& key, Write write) {
  std::string line = line_of(place, key);
  auto outcome = write(line);
  OPENSSL_cleanse(line.data(), line.size());
  return outcome;
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

KeyFile::KeyFile(PrivateFolder& folder, KeyringOptions keyring, std::optional<KeyPlace> place)
    : folder_(folder), keyring_(std::move(keyring)), place_(place) {}

Result<std::optional<KeyFile::Entry>> KeyFile::read() const {
  auto text = folder_.read(kName, kMostBytes, PrivateFolder::Readers::owner);
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return std::nullopt;
  std::string_view line = **text;
  if (line.ends_with('\n')) line.remove_suffix(1);
  Entry entry;
  if (line.starts_with(kInFile)) {
    entry.key = SealingKey::from_hex(line.substr(kInFile.size()));
    if (entry.key) entry.id = entry.key->id();
  } else if (line.starts_with(kInKeyring)) {
    entry.place = KeyPlace::keyring;
    entry.id = line.substr(kInKeyring.size());
  } else if (line.starts_with(kForm) && !line.starts_with("switchyard key 1 ")) {
    return fail(ErrorCode::io_error, path() + " was written by a later version of switchyard", "Use that version.");
  }
  OPENSSL_cleanse((*text)->data(), (*text)->size());
  if (!is_id(entry.id)) {
    return fail(ErrorCode::io_error,
                path() + " is damaged: no key can be read from it",
                "Put back the file as it was. Where there is no copy, remove the whole folder, and log in to the servers again.");
  }
  return entry;
}

Result<SealingKey> KeyFile::from_keyring(const std::string& id) {
  if (asked_ && asked_->id() == id) return *asked_;
  auto found = keyring_.find(id);
  if (!found) return std::unexpected(std::move(found).error());
  if (!*found) {
    return fail(
        ErrorCode::io_error,
        "the keyring has no key " + id + ", which " + path() + " names",
        "Use the session whose keyring has it. Where none has, remove the folder of that file, and log in to the servers again.");
  }
  asked_ = std::move(*found);
  return *asked_;
}

Result<std::optional<SealingKey>> KeyFile::key_of(const Entry& entry) {
  if (place_ && *place_ != entry.place) {
    return fail(ErrorCode::io_error,
                "the key of the stored logins is in " + std::string(word_for(entry.place)) + ", not in " +
                    std::string(word_for(*place_)) + " as the configuration has it (" + path() + ")",
                "Have it moved, or configure where it is.");
  }
  if (entry.key) return entry.key;
  auto key = from_keyring(entry.id);
  if (!key) return std::unexpected(std::move(key).error());
  return *std::move(key);
}

Result<std::optional<SealingKey>> KeyFile::find() {
  const std::lock_guard lock(mutex_);
  const auto entry = read();
  if (!entry) return std::unexpected(entry.error());
  if (!*entry) return std::nullopt;
  return key_of(**entry);
}

Result<bool> KeyFile::has_records() const {
  const auto names = folder_.names();
  if (!names) return std::unexpected(names.error());
  return std::ranges::any_of(*names, [](const std::string& name) { return name.ends_with(kSealedSuffix); });
}

/// Another process may have made one at the same time; then it is that one's.
Result<> KeyFile::make() {
  const SealingKey key = SealingKey::random();
  const KeyPlace place = place_.value_or(KeyPlace::file);
  if (place == KeyPlace::keyring) {
    if (auto stored = keyring_.store(key); !stored) return stored;
  }
  const auto ours = with_line(place, key, [this](const std::string& line) { return folder_.create(kName, line); });
  // Where it failed, the file may be there all the same.
  if (!ours) return std::unexpected(ours.error());
  if (place == KeyPlace::keyring && !*ours) std::ignore = keyring_.remove(key.id());
  return {};
}

Result<SealingKey> KeyFile::find_or_make() {
  const std::lock_guard lock(mutex_);
  auto entry = read();
  if (entry && !*entry) {
    const auto records = has_records();
    if (!records) return std::unexpected(records.error());
    // What was sealed after the first look has its key by now.
    if (!*records) {
      if (auto made = make(); !made) return std::unexpected(std::move(made).error());
    }
    entry = read();
  }
  if (!entry) return std::unexpected(entry.error());
  if (!*entry) {
    return fail(ErrorCode::io_error,
                path() + " is missing: the records beside it are sealed with it",
                "Put it back. Where there is no copy, remove the whole folder, and log in to the servers again.");
  }
  auto key = key_of(**entry);
  if (!key) return std::unexpected(std::move(key).error());
  return **std::move(key);
}

Result<bool> KeyFile::move(KeyPlace place) {
  const std::lock_guard guard(mutex_);
  const auto lock = folder_.try_lock("key.lock");
  if (!lock) return std::unexpected(lock.error());
  if (!*lock) return fail(ErrorCode::io_error, path() + " is just being moved by another process", "Try again.");
  const auto entry = read();
  if (!entry) return std::unexpected(entry.error());
  if (!*entry || (*entry)->place == place) return false;
  const auto key = (*entry)->key ? Result<SealingKey>(*(*entry)->key) : from_keyring((*entry)->id);
  if (!key) return std::unexpected(key.error());
  if (place == KeyPlace::keyring) {
    if (auto stored = keyring_.store(*key); !stored) return std::unexpected(std::move(stored).error());
  }
  const auto written = with_line(place, *key, [this](const std::string& line) { return folder_.replace(kName, line); });
  if (!written) return std::unexpected(written.error());
  // One that stays in the keyring, too, does no harm but to be there.
  if (place == KeyPlace::file) std::ignore = keyring_.remove(key->id());
  return true;
}

}  // namespace oauth

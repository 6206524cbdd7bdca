#include "oauth/file_credential_store.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <utility>

#include "mcp/base/log.h"
#include "oauth/record_text.h"
#include "oauth/seal.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;  // of a record
constexpr std::string_view kCredential = "credential";
constexpr std::string_view kClient = "client";
constexpr std::string_view kSecret = "secret";

/// A text that leaves nothing in memory.
struct Wiped {
  std::string text;

  explicit Wiped(std::string given) : text(std::move(given)) {}

  ~Wiped() { OPENSSL_cleanse(text.data(), text.size()); }

  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
};

/// One of the files, by what it is of.
struct RecordName {
  std::string_view kind;
  std::string hash;

  std::string stem() const { return std::string(kind) + "-" + hash; }

  std::string file() const { return stem() + std::string(KeyFile::kSealedSuffix); }

  std::string lock() const { return stem() + ".lock"; }

  SealedName sealed() const { return {kind, hash}; }
};

RecordName name_of(const CredentialKey& key) {
  std::string text;
  for (const std::string* part : {&key.issuer, &key.resource, &key.account})
    text.append(std::to_string(part->size())).append(":").append(*part);
  return {kCredential, sha256_hex(text)};
}

RecordName name_of(std::string_view kind, std::string_view key) {
  return {kind, sha256_hex(key)};
}

/// The record that a file of that name holds, if it is of that kind.
std::optional<RecordName> parse_name(std::string_view kind, std::string_view file) {
  constexpr std::size_t kHashDigits = 64;
  if (!file.starts_with(kind) || !file.ends_with(KeyFile::kSealedSuffix)) return std::nullopt;
  RecordName name{kind, std::string(file.substr(std::min(kind.size() + 1, file.size()), kHashDigits))};
  return name.file() == file ? std::optional(std::move(name)) : std::nullopt;
}

class FileCredentialStore final : public CredentialStore {
 public:
  explicit FileCredentialStore(FileStoreOptions options)
      : folder_(std::move(options.folder), std::move(options.before_step)),
        key_(folder_, std::move(options.keyring), options.key_place) {
    folder_.remove_leftovers();
  }

  Result<std::optional<Credential>> load(const CredentialKey& key) override {
    return load_record<Credential>(name_of(key), read_credential, [&key](const Credential& found) { return found.key == key; });
  }

  Result<Loaded> load_all() override {
    Loaded loaded;
    auto all = load_kind<Credential>(kCredential, read_credential, [](const Credential& found) { return name_of(found.key); });
    if (!all) return std::unexpected(std::move(all).error());
    loaded.credentials = std::move(all->records);
    loaded.unreadable = std::move(all->unreadable);
    return loaded;
  }

  Result<> save(const Credential& credential) override {
    return save_record(name_of(credential.key), "the login to " + credential.server_url, write_credential(credential));
  }

  Result<bool> remove(const CredentialKey& key) override { return folder_.remove(name_of(key).file()); }

  Result<std::unique_ptr<StoreLock>> try_lock(const CredentialKey& key) override { return folder_.try_lock(name_of(key).lock()); }

  Error locked(const CredentialKey& key) override {
    const std::string lock = name_of(key).lock();
    const auto holder = folder_.holder_of(lock);
    const std::string who = holder ? "process " + std::to_string(*holder) : "another process";
    return {ErrorCode::io_error,
            folder_.file(lock) + " is locked by " + who,
            "Wait until it is done with that login; if it hangs, end it.",
            {}};
  }

  Result<std::optional<Client>> load_client(const std::string& issuer) override {
    auto record = load_record<ClientRecord>(
        name_of(kClient, issuer), read_client, [&](const ClientRecord& found) { return found.issuer == issuer; });
    if (!record) return std::unexpected(std::move(record).error());
    return *record ? std::optional(std::move((*record)->client)) : std::nullopt;
  }

  Result<> save_client(const std::string& issuer, const Client& client) override {
    return save_record(name_of(kClient, issuer), "the registration with " + issuer, write_client({issuer, client}));
  }

  Result<> remove_client(const std::string& issuer) override {
    const auto removed = folder_.remove(name_of(kClient, issuer).file());
    if (!removed) return std::unexpected(removed.error());
    return {};
  }

  Result<std::optional<std::string>> load_secret(const std::string& name) override {
    auto record = load_record<SecretRecord>(
        name_of(kSecret, name), read_secret, [&](const SecretRecord& found) { return found.name == name; });
    if (!record) return std::unexpected(std::move(record).error());
    return *record ? std::optional(std::move((*record)->value)) : std::nullopt;
  }

  Result<std::vector<std::string>> secret_names() override {
    auto all =
        load_kind<SecretRecord>(kSecret, read_secret, [](const SecretRecord& found) { return name_of(kSecret, found.name); });
    if (!all) return std::unexpected(std::move(all).error());
    for (const Error& error : all->unreadable)
      mcp::log_warn("credentials", error.text());
    std::vector<std::string> names;
    names.reserve(all->records.size());
    for (SecretRecord& record : all->records)
      names.push_back(std::move(record.name));
    std::ranges::sort(names);
    return names;
  }

  Result<> save_secret(const std::string& name, const std::string& value) override {
    return save_record(name_of(kSecret, name), "the secret " + name, write_secret({name, value}));
  }

  Result<bool> remove_secret(const std::string& name) override { return folder_.remove(name_of(kSecret, name).file()); }

 private:
  template <class Record>
  struct Kind {
    std::vector<Record> records;
    std::vector<Error> unreadable;
  };

  Result<std::optional<std::string>> read(const RecordName& name) const {
    return folder_.read(name.file(), kMostBytes + kSealBytes);
  }

  Result<SealingKey> key() {
    auto key = key_.find();
    if (!key) return std::unexpected(std::move(key).error());
    if (*key) return **std::move(key);
    return fail(ErrorCode::io_error,
                key_.path() + " is missing: the records beside it are sealed with it",
                "Put it back. Where there is no copy, remove the whole folder, and log in to the servers again.");
  }

  Error unreadable(const RecordName& name, SealFailure failure) const {
    const std::string file = folder_.file(name.file());
    switch (failure) {
      case SealFailure::later_version:
        return {ErrorCode::io_error, file + " was written by a later version of switchyard", "Use that version.", {}};
      case SealFailure::other_key:
        return {ErrorCode::io_error,
                file + " is sealed with another key than " + key_.path() + " has",
                "Put back the key file it was sealed with; or remove it, and log in again.",
                {}};
      case SealFailure::not_sealed:
        return {ErrorCode::io_error, file + " is none of switchyard's", "Move it away, and log in again.", {}};
      case SealFailure::damaged:
        break;
    }
    return damaged(name);
  }

  Error damaged(const RecordName& name) const {
    return {ErrorCode::io_error,
            folder_.file(name.file()) + " is damaged, or was written under another name",
            "Put back a copy of it; or remove it, and log in again.",
            {}};
  }

  Error unreadable(const RecordName& name, RecordFailure failure) const {
    return failure == RecordFailure::later_version ? unreadable(name, SealFailure::later_version) : damaged(name);
  }

  template <class Record>
  Result<Record> open(const RecordName& name,
                      const SealingKey& key,
                      std::string_view sealed,
                      std::expected<Record, RecordFailure> (*parse)(std::string_view)) const {
    auto text = unseal(key, name.sealed(), sealed);
    if (!text) return std::unexpected(unreadable(name, text.error()));
    const Wiped wiped(*std::move(text));
    auto record = parse(wiped.text);
    if (!record) return std::unexpected(unreadable(name, record.error()));
    return *std::move(record);
  }

  template <class Record, class IsIt>
  Result<std::optional<Record>> load_record(const RecordName& name,
                                            std::expected<Record, RecordFailure> (*parse)(std::string_view),
                                            IsIt is_it) {
    const auto sealed = read(name);
    if (!sealed) return std::unexpected(sealed.error());
    if (!*sealed) return std::nullopt;
    const auto with = key();
    if (!with) return std::unexpected(with.error());
    auto record = open(name, *with, **sealed, parse);
    if (!record) return std::unexpected(std::move(record).error());
    if (!is_it(*record)) return std::unexpected(damaged(name));
    return *std::move(record);
  }

  template <class Record, class NameOf>
  Result<Kind<Record>> load_kind(std::string_view kind,
                                 std::expected<Record, RecordFailure> (*parse)(std::string_view),
                                 NameOf name_of_record) {
    Kind<Record> all;
    const auto files = folder_.names();
    if (!files) return std::unexpected(files.error());
    std::optional<SealingKey> with;
    for (const std::string& file : *files) {
      const auto name = parse_name(kind, file);
      if (!name) continue;
      const auto sealed = read(*name);
      if (sealed && !*sealed) continue;  // removed since
      if (!with) {
        auto found = key();
        if (!found) return std::unexpected(std::move(found).error());
        with = *std::move(found);
      }
      auto record = sealed ? open(*name, *with, **sealed, parse) : Result<Record>(std::unexpected(sealed.error()));
      if (record && name_of_record(*record).hash != name->hash) record = std::unexpected(damaged(*name));
      if (record) {
        all.records.push_back(*std::move(record));
      } else {
        all.unreadable.push_back(std::move(record).error());
      }
    }
    return all;
  }

  /// `what` is for people.
  Result<> save_record(const RecordName& name, const std::string& what, std::expected<std::string, RecordFailure> text) {
    if (!text) return fail(ErrorCode::invalid_params, what + " cannot be stored: it has a value that is no UTF-8");
    const Wiped wiped(*std::move(text));
    if (wiped.text.size() > kMostBytes)
      return fail(ErrorCode::too_large, what + " cannot be stored: it takes more than " + std::to_string(kMostBytes) + " bytes");
    const auto with = key_.find_or_make();
    if (!with) return std::unexpected(with.error());
    const auto sealed = seal(*with, name.sealed(), wiped.text);
    if (!sealed) return std::unexpected(sealed.error());
    return folder_.replace(name.file(), *sealed);
  }

  PrivateFolder folder_;
  KeyFile key_;
};

}  // namespace

std::string credentials_folder(const std::string& state_dir) {
  return state_dir + "/credentials";
}

std::unique_ptr<CredentialStore> open_file_store(FileStoreOptions options) {
  return std::make_unique<FileCredentialStore>(std::move(options));
}

Result<bool> move_store_key(const FileStoreOptions& options, KeyPlace place) {
  PrivateFolder folder(options.folder, options.before_step);
  KeyFile key(folder, options.keyring, std::nullopt);
  return key.move(place);
}

}  // namespace oauth

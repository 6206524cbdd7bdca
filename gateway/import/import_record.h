#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/jsonc.h"
#include "mcp/base/result.h"
#include "mcp/process/unique_fd.h"

namespace gateway {

/// How a text became another one: `length` bytes at `at` stand where `before` stood.
struct TextSplice {
  std::size_t at = 0, length = 0;
  std::string before;

  /// What differs between two texts: all between what they begin and what they end with alike.
  static TextSplice between(std::string_view before, std::string_view after);

  /// The text as it was; nothing where `after` is not long enough to be the text that came of it.
  std::optional<std::string> undone(std::string_view after) const;
};

/// An import that was begun: enough to take it back. It holds no secret's value, and of the configuration what the import wrote.
struct ImportRecord {
  std::string path;                                       // of the record itself
  std::int64_t time = 0;                                  // seconds since 1970
  bool done = false;                                      // the configuration was changed
  std::string file;                                       // the configuration, absolute
  bool made_file = false;                                 // there was none
  std::string before_digest, after_digest;                // SHA-256 of its text, hex; before: "" with `made_file`
  std::optional<TextSplice> splice;                       // {}: what stood there is too long to be kept
  std::vector<std::pair<std::string, JsonNode>> servers;  // that it put in
  std::vector<std::string> secrets;                       // names of those that it stored

  static std::string digest(std::string_view text);
};

/// STATE/imports: a record for each import that can be taken back (0600, replaced atomically), the newest twenty. One process at a
/// time has it.
class ImportRecords {
 public:
  /// Makes the folder (0700). Error io_error naming it, also while another process has it.
  static mcp::Result<ImportRecords> open(const std::string& state_dir);

  /// All that can be read, the newest first.
  std::vector<ImportRecord> all() const;

  /// Writes a new one and gives it its path. Error io_error.
  mcp::Result<> add(ImportRecord& record);

  /// Writes it again. Error io_error.
  mcp::Result<> update(const ImportRecord& record);

  void remove(const ImportRecord& record);

 private:
  ImportRecords(std::string folder, mcp::UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::vector<std::string> paths() const;  // the oldest first

  std::string folder_;
  mcp::UniqueFd lock_;
};

}  // namespace gateway

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/upstream/known_server.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace gateway {

/// What servers offered, kept on disk from one life of the gateway to the next, so that clients have their lists before the servers
/// are there: a file for each, STATE/catalogs/DIGEST.json (0600), by ServerIdentity::digest(), replaced atomically. A file that
/// cannot be read back whole counts as none. Of servers that nobody asks for any more the hundred newest are kept.
///
/// Loop thread only; reads and writes on the helpers.
class CatalogStore {
 public:
  /// `helpers` outlive the store. The folder is made when something is first written.
  CatalogStore(const mcp::Executor& executor, boost::asio::thread_pool& helpers, std::string folder);

  /// Reads what is kept under these digests, for take().
  mcp::Task<void> load(std::vector<std::string> digests);

  /// What load() found; nothing the second time.
  std::optional<KnownServer> take(const std::string& digest);

  /// For take(), without a look at the disk.
  void put(const std::string& digest, KnownServer known) { loaded_.insert_or_assign(digest, std::move(known)); }

  /// Keeps this, in place of what there was. Returns at once; what cannot be written is logged.
  void save(const std::string& digest, KnownServer known);

  /// Removes the files beyond the hundred newest that are not among these.
  void prune(std::vector<std::string> in_use);

 private:
  mcp::Executor executor_;
  boost::asio::thread_pool& helpers_;
  const std::string folder_;
  std::map<std::string, KnownServer> loaded_;
};

/// What is kept in that folder under a digest, read at once and here; nothing where there is no such file. Errors: io_error,
/// parse_error.
mcp::Result<std::optional<KnownServer>> read_kept_server(const std::string& folder, const std::string& digest);

/// The form of such files, in their member "form"; another one is not read.
inline constexpr std::string_view kKnownServerForm = "1";

/// The text of such a file. What it was made from is read back from it; error parse_error where the text is another one.
std::string known_server_text(const KnownServer& known);
mcp::Result<KnownServer> read_known_server(std::string_view text);

}  // namespace gateway

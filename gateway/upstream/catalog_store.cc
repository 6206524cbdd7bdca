#include "gateway/upstream/catalog_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "gateway/config/file_replacement.h"
#include "gateway/config/text_file.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 20;  // bytes
constexpr std::size_t kKeptUnused = 100;                 // files

std::string path_of(const std::string& folder, const std::string& digest) {
  return folder + "/" + digest + ".json";
}

/// Why it could not be written, or "".
std::string write_file(const std::string& folder, const std::string& digest, std::string_view text) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  ::chmod(folder.c_str(), 0700);
  const std::string path = path_of(folder, digest);
  const std::string problem = write_private_file(path, text);
  return problem.empty() ? "" : path + ": " + problem;
}

void remove_unused(const std::string& folder, const std::set<std::string>& in_use) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> unused;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (in_use.contains(entry.path().stem().string())) continue;
    std::error_code gone;
    const auto time = fs::last_write_time(entry.path(), gone);
    if (!gone) unused.emplace_back(time, entry.path());
  }
  if (unused.size() <= kKeptUnused) return;
  std::ranges::sort(unused, std::ranges::greater{});
  for (std::size_t i = kKeptUnused; i < unused.size(); ++i)
    fs::remove(unused[i].second, error);
}

using Found = std::vector<std::pair<std::string, KnownServer>>;

Task<Found> read_files(std::string folder, std::vector<std::string> digests) {
  Found found;
  for (std::string& digest : digests) {
    auto known = read_kept_server(folder, digest);
    if (!known) {
      mcp::log_warn("upstream",
                    "what was known of a server cannot be read back; it is read anew",
                    {{"file", path_of(folder, digest)}, {"cause", known.error().message}});
    } else if (*known) {
      found.emplace_back(std::move(digest), std::move(**known));
    }
  }
  co_return found;
}

void append_list(std::string& text, const ServerCatalog& catalog, CatalogKind kind) {
  text.append(",\n\"").append(words_of(kind).method).append("\":[");
  bool first = true;
  for (const CatalogEntry& entry : catalog.entries(kind)) {
    text += first ? "\n{\"key\":" : ",\n{\"key\":";
    first = false;
    mcp::append_json_string(text, entry.key);
    if (!entry.only_for.empty()) {
      text += ",\"onlyFor\":[";
      for (std::size_t i = 0; i < entry.only_for.size(); ++i) {
        if (i > 0) text += ',';
        mcp::append_json_string(text, entry.only_for[i]);
      }
      text += ']';
    }
    text.append(",\"entry\":").append(entry.text).append("}");
  }
  text += ']';
}

Result<CatalogListPtr> read_list(std::string_view array, CatalogKind kind) {
  auto list = std::make_shared<CatalogList>();
  for (const std::string_view item : mcp::elements(array)) {
    CatalogEntry entry{.key = mcp::string_member(item, "key"), .text = std::string(mcp::member(item, "entry"))};
    for (const std::string_view capabilities : mcp::elements(mcp::member(item, "onlyFor")))
      entry.only_for.push_back(mcp::decode_json_string(capabilities));
    const bool whole = entry.text.starts_with('{') && mcp::string_member(entry.text, words_of(kind).key) == entry.key;
    if (!whole || entry.key.empty()) return fail(ErrorCode::parse_error, "an entry is not whole");
    list->entries.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

Result<std::optional<KnownServer>> read_kept_server(const std::string& folder, const std::string& digest) {
  const std::string path = path_of(folder, digest);
  if (::access(path.c_str(), F_OK) != 0) return std::nullopt;
  const auto text = read_text_file(path, kMaxFile);
  if (!text) return std::unexpected(text.error());
  return read_known_server(*text);
}

std::string known_server_text(const KnownServer& known) {
  std::string text = "{\"form\":" + std::string(kKnownServerForm) + ",\"protocolVersion\":\"";
  text.append(to_string(known.introduction.version)).append("\",\n\"serverInfo\":").append(known.introduction.server_info);
  text.append(",\n\"capabilities\":").append(known.introduction.capabilities).append(",\n\"instructions\":");
  mcp::append_json_string(text, known.introduction.instructions);
  for (const CatalogKind kind : kEachKind)
    append_list(text, *known.catalog, kind);
  return text + "}\n";
}

Result<KnownServer> read_known_server(std::string_view text) {
  if (const auto valid = mcp::validate_json(text); !valid) return std::unexpected(valid.error());
  const auto version = mcp::parse_protocol_version(mcp::string_member(text, "protocolVersion"));
  if (mcp::member(text, "form") != kKnownServerForm || !version) return fail(ErrorCode::parse_error, "it has another form");
  KnownServer known;
  known.introduction.version = *version;
  known.introduction.server_info = std::string(mcp::member(text, "serverInfo"));
  known.introduction.capabilities = std::string(mcp::member(text, "capabilities"));
  known.introduction.instructions = mcp::string_member(text, "instructions");
  if (!known.introduction.server_info.starts_with('{') || !known.introduction.capabilities.starts_with('{')) {
    return fail(ErrorCode::parse_error, "it has another form");
  }
  auto catalog = std::make_shared<ServerCatalog>();
  for (const CatalogKind kind : kEachKind) {
    auto list = read_list(mcp::member(text, words_of(kind).method), kind);
    if (!list) return std::unexpected(list.error());
    catalog->replace(kind, std::move(*list));
  }
  known.catalog = std::move(catalog);
  return known;
}

CatalogStore::CatalogStore(const mcp::Executor& executor, asio::thread_pool& helpers, std::string folder)
    : executor_(executor), helpers_(helpers), folder_(std::move(folder)) {}

Task<void> CatalogStore::load(std::vector<std::string> digests) {
  auto reading = read_files(folder_, std::move(digests));
  auto found = co_await asio::co_spawn(helpers_, std::move(reading), asio::use_awaitable);
  for (auto& [digest, known] : found)
    loaded_.insert_or_assign(std::move(digest), std::move(known));
}

std::optional<KnownServer> CatalogStore::take(const std::string& digest) {
  auto node = loaded_.extract(digest);
  return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
}

void CatalogStore::save(const std::string& digest, KnownServer known) {
  asio::post(helpers_, [folder = folder_, digest, known = std::move(known)] {
    const std::string problem = write_file(folder, digest, known_server_text(known));
    if (!problem.empty()) {
      mcp::log_warn("upstream", "what is known of a server cannot be kept for the next start", {{"cause", problem}});
    }
  });
}

void CatalogStore::prune(std::vector<std::string> in_use) {
  asio::post(helpers_,
             [folder = folder_, in_use = std::set<std::string>(in_use.begin(), in_use.end())] { remove_unused(folder, in_use); });
}

}  // namespace gateway

#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// What servers offer lists of.
enum class CatalogKind { tools, prompts, resources, templates };

inline constexpr std::size_t kCatalogKinds = 4;
inline constexpr std::array<CatalogKind, kCatalogKinds> kEachKind = {
    CatalogKind::tools, CatalogKind::prompts, CatalogKind::resources, CatalogKind::templates};

/// A set of kinds, by their numbers.
using CatalogKinds = std::bitset<kCatalogKinds>;

inline std::size_t index_of(CatalogKind kind) {
  return static_cast<std::size_t>(kind);
}

/// How a kind is spoken of: in MCP, and to people.
struct CatalogKindWords {
  std::string_view method;        // "tools/list"
  std::string_view member;        // of its result: "tools"
  std::string_view key;           // of an element: "name"; what no two may share
  std::string_view capability;    // that a server declares: "tools"
  std::string_view notification;  // that the list changed
  std::string_view noun;          // "tool"
};

const CatalogKindWords& words_of(CatalogKind kind);

/// One thing as its server describes it.
struct CatalogEntry {
  std::string key;   // a tool's or a prompt's name, a resource's URI, a template's text
  std::string text;  // the object's JSON, untouched
  /// Of a tool that its server shows only to clients that it may ask something: their capabilities (adapt_capabilities). Empty:
  /// everybody sees it.
  std::vector<std::string> only_for = {};

  bool operator==(const CatalogEntry&) const = default;
};

/// All of one kind.
struct CatalogList {
  std::vector<CatalogEntry> entries;  // in the server's order; no key twice
  std::vector<std::string> refused;   // one line for each we cannot offer, and why

  bool operator==(const CatalogList&) const = default;
};

using CatalogListPtr = std::shared_ptr<const CatalogList>;

/// What one server offers; an immutable snapshot. The lists are shared between snapshots; none is ever null.
class ServerCatalog {
 public:
  ServerCatalog();

  const CatalogListPtr& list(CatalogKind kind) const { return lists_[index_of(kind)]; }
  const std::vector<CatalogEntry>& entries(CatalogKind kind) const { return list(kind)->entries; }
  const std::vector<CatalogEntry>& tools() const { return entries(CatalogKind::tools); }

  void replace(CatalogKind kind, CatalogListPtr list) { lists_[index_of(kind)] = std::move(list); }

  bool operator==(const ServerCatalog& other) const;

 private:
  std::array<CatalogListPtr, kCatalogKinds> lists_;
};

}  // namespace gateway

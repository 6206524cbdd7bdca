#include "gateway/upstream/server_catalog.h"

#include <algorithm>

namespace gateway {

const CatalogKindWords& words_of(CatalogKind kind) {
  static constexpr std::array<CatalogKindWords, kCatalogKinds> kWords = {{
      {.method = "tools/list",
       .member = "tools",
       .key = "name",
       .capability = "tools",
       .notification = "notifications/tools/list_changed",
       .noun = "tool"},
      {.method = "prompts/list",
       .member = "prompts",
       .key = "name",
       .capability = "prompts",
       .notification = "notifications/prompts/list_changed",
       .noun = "prompt"},
      {.method = "resources/list",
       .member = "resources",
       .key = "uri",
       .capability = "resources",
       .notification = "notifications/resources/list_changed",
       .noun = "resource"},
      {.method = "resources/templates/list",
       .member = "resourceTemplates",
       .key = "uriTemplate",
       .capability = "resources",
       .notification = "notifications/resources/list_changed",
       .noun = "resource template"},
  }};
  return kWords[index_of(kind)];
}

ServerCatalog::ServerCatalog() {
  static const auto kNone = std::make_shared<const CatalogList>();
  lists_.fill(kNone);
}

bool ServerCatalog::operator==(const ServerCatalog& other) const {
  return std::ranges::equal(
      lists_, other.lists_, [](const CatalogListPtr& one, const CatalogListPtr& two) { return one == two || *one == *two; });
}

}  // namespace gateway

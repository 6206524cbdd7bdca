#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/catalog/named_list.h"
#include "gateway/catalog/paged_list.h"
#include "gateway/catalog/uri_template.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// Where a URI leads, or a template's text.
struct ResourceTarget {
  std::shared_ptr<Runtime> runtime;
  std::string uri;  // as the server knows it
};

/// The resources and resource templates of one view. URIs stay as their servers have them, since they stand in many more places
/// than a gateway could rewrite. Of servers that list the same one, the first in the order of the view keeps it; the others' are
/// listed in the qualified form (qualified_uri()), and so are URIs of the scheme that is ours.
/// Immutable.
class ResourceIndex {
 public:
  static constexpr std::size_t kMostLikely = 8;

  ResourceIndex(const std::vector<ViewMember>& members, Naming naming);

  ResourceIndex(const ResourceIndex&) = delete;
  ResourceIndex& operator=(const ResourceIndex&) = delete;

  /// Where a URI leads that is qualified (whether or not it is listed so), listed, or fits a listed template. Plain URIs never lead
  /// to a server by a template that leaves the scheme open, qualified ones only to the server they name.
  std::optional<ResourceTarget> find(std::string_view uri) const;

  /// Where a template leads, plain or qualified, by its text.
  std::optional<ResourceTarget> find_template(std::string_view text) const;

  /// The servers that may know a URI that find() does not: those that list something of its scheme, and of its authority where it
  /// has one, in the order of the view, kMostLikely at most. No other may be asked: a URI can be private.
  std::vector<std::shared_ptr<Runtime>> likely(std::string_view uri) const;

  const PagedList& resources() const { return resources_; }
  const PagedList& templates() const { return templates_; }

  /// A line for each two servers with something in common.
  const std::vector<std::string>& clashes() const { return clashes_; }

 private:
  struct Row {
    std::string listed;
    const CatalogEntry* entry = nullptr;
    std::size_t member = 0;
  };

  /// Entries of one server that are listed in the qualified form because of another.
  struct Clash {
    CatalogKind kind{};
    std::size_t first = 0, second = 0;  // members; equal where none other has the URI
    std::size_t count = 0;
    std::string examples;
  };

  using Targets = std::unordered_map<std::string, ResourceTarget>;

  std::vector<Row> collect(CatalogKind kind, Targets& plain);
  void list(std::vector<Row> rows, CatalogKind kind, PagedList& list) const;
  void add_templates(const std::vector<Row>& rows);
  void note_place(std::size_t member, std::string_view uri);
  void note_clash(CatalogKind kind, std::size_t first, std::size_t second, const std::string& uri);
  void report_clashes();
  std::optional<ResourceTarget> unqualified(std::string_view uri) const;

  const std::vector<ViewMember> members_;
  const bool own_names_;
  std::unordered_map<std::string, std::size_t> by_server_;
  std::vector<std::unordered_set<std::string>> places_;  // of each member: scheme and authority of what it lists
  Targets uris_, template_texts_;                        // those that are listed plainly

  struct Template {
    UriTemplate matcher;
    std::size_t member = 0;
  };

  std::vector<Template> matchers_;  // likewise
  PagedList resources_{CatalogKind::resources}, templates_{CatalogKind::templates};
  std::vector<Clash> found_;
  std::vector<std::string> clashes_;
};

}  // namespace gateway

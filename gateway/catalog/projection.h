#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/catalog/named_list.h"
#include "gateway/catalog/resource_index.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// What one view (a profile, or one server) offers: where everything leads, and the lists as text, rendered once. Immutable; pinned
/// by the calls that began with it.
class Projection {
 public:
  /// `members` of the view, in its order.
  Projection(const std::vector<ViewMember>& members, Naming naming);

  static std::shared_ptr<const Projection> build(const std::vector<ViewMember>& members, Naming naming) {
    return std::make_shared<const Projection>(members, naming);
  }

  static std::shared_ptr<const Projection> build(const std::vector<std::shared_ptr<Runtime>>& runtimes, Naming naming) {
    return build(members_of(runtimes), naming);
  }

  const NamedList& tools() const { return tools_; }
  const NamedList& prompts() const { return prompts_; }
  const ResourceIndex& resources() const { return resources_; }

  const PagedList& list(CatalogKind kind) const;

  /// The lists in which a client would see a difference.
  CatalogKinds differing(const Projection& other) const;

  /// What could not be offered under its own name, or as the configuration says, a line each.
  const std::vector<std::string>& clashes() const { return clashes_; }

 private:
  NamedList tools_, prompts_;
  ResourceIndex resources_;
  std::vector<std::string> clashes_;
};

}  // namespace gateway

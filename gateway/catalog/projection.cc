#include "gateway/catalog/projection.h"

namespace gateway {

namespace {

constexpr std::size_t kMaxClashes = 100;  // lines; who has more reads no more

}  // namespace

Projection::Projection(const std::vector<ViewMember>& members, Naming naming)
    : tools_(CatalogKind::tools, members, naming), prompts_(CatalogKind::prompts, members, naming), resources_(members, naming) {
  for (const auto* lines : {&tools_.clashes(), &prompts_.clashes(), &resources_.clashes()})
    clashes_.insert(clashes_.end(), lines->begin(), lines->end());
  if (clashes_.size() <= kMaxClashes) return;
  const std::size_t more = clashes_.size() - kMaxClashes;
  clashes_.resize(kMaxClashes);
  clashes_.push_back("and " + std::to_string(more) + " more");
}

const PagedList& Projection::list(CatalogKind kind) const {
  switch (kind) {
    case CatalogKind::tools:
      return tools_.list();
    case CatalogKind::prompts:
      return prompts_.list();
    case CatalogKind::resources:
      return resources_.resources();
    case CatalogKind::templates:
      break;
  }
  return resources_.templates();
}

CatalogKinds Projection::differing(const Projection& other) const {
  CatalogKinds kinds;
  for (const CatalogKind kind : kEachKind)
    kinds[index_of(kind)] = !(list(kind) == other.list(kind));
  return kinds;
}

}  // namespace gateway

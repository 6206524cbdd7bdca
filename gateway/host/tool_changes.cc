#include "gateway/host/tool_changes.h"

#include <compare>

namespace gateway {

namespace {

/// A walk through the tools of a view, which are sorted by callable name; no name comes twice.
class Walk {
 public:
  explicit Walk(const NamedList& list) : list_(list) {}

  bool over() const { return at_ == list_.routes().size(); }
  void next() { ++at_; }

  const std::string& name() const { return list_.routes()[at_].callable.str(); }
  const ServerName& server() const { return list_.routes()[at_].server; }
  const std::string& definition() const { return list_.list().text(at_); }

 private:
  const NamedList& list_;
  std::size_t at_ = 0;
};

/// Which of the two stands at the name that comes first.
std::strong_ordering order(const Walk& had, const Walk& has) {
  if (had.over()) return std::strong_ordering::greater;
  return has.over() ? std::strong_ordering::less : had.name() <=> has.name();
}

}  // namespace

std::map<std::string, ToolChanges> tool_changes(const Projection& before, const Projection& after) {
  std::map<std::string, ToolChanges> changes;
  Walk had(before.tools()), has(after.tools());
  while (!had.over() || !has.over()) {
    const auto first = order(had, has);
    const bool kept = first == 0 && had.server() == has.server();
    if (kept && had.definition() != has.definition()) changes[has.server().str()].changed.push_back(has.name());
    if (first <= 0 && !kept) changes[had.server().str()].lost.push_back(had.name());
    if (first >= 0 && !kept) changes[has.server().str()].gained.push_back(has.name());
    if (first <= 0) had.next();
    if (first >= 0) has.next();
  }
  return changes;
}

}  // namespace gateway

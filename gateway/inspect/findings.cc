#include "gateway/inspect/findings.h"

#include <algorithm>
#include <utility>

namespace gateway {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

Finding& Findings::find(const Rule& rule, std::string seen) {
  const auto same = std::ranges::find_if(all_, [&](const Finding& one) { return one.rule == &rule && one.seen == seen; });
  if (same != all_.end()) return *same;
  return all_.emplace_back(Finding{.rule = &rule, .seen = std::move(seen)});
}

void Findings::add(const Rule& rule, std::string seen) {
  find(rule, std::move(seen));
}

void Findings::add(const Rule& rule, std::string seen, std::string subject) {
  Finding& finding = find(rule, std::move(seen));
  if (finding.subjects.size() < kMostSubjects) {
    finding.subjects.push_back(std::move(subject));
  } else {
    ++finding.left_out;
  }
}

std::size_t Findings::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(all_, [&](const Finding& finding) { return finding.rule->severity == severity; }));
}

}  // namespace gateway

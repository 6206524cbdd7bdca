#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway {

enum class Severity { note, warning, error };

/// "note", "warning", "error".
std::string_view to_string(Severity severity);

/// Something a server can do otherwise than its revision of the protocol says. The texts are sentences for people.
struct Rule {
  std::string_view id;  // for machines; never changes
  Severity severity = Severity::warning;
  std::string_view page;   // of the specification, below /specification/REVISION/
  std::string_view says;   // what the specification wants
  std::string_view means;  // what it costs in practice
};

/// One deviation.
struct Finding {
  const Rule* rule = nullptr;         // never null; of rules.h, lives for ever
  std::string seen;                   // what the server did
  std::vector<std::string> subjects;  // the names it concerns, at most kMostSubjects; empty where it concerns the server as a whole
  std::size_t left_out = 0;           // names beyond those
};

/// What was found, in the order in which it was; one finding for each rule and observation, however many names it concerns.
class Findings {
 public:
  static constexpr std::size_t kMostSubjects = 100;

  void add(const Rule& rule, std::string seen);
  void add(const Rule& rule, std::string seen, std::string subject);

  const std::vector<Finding>& all() const { return all_; }
  std::size_t count(Severity severity) const;

 private:
  Finding& find(const Rule& rule, std::string seen);

  std::vector<Finding> all_;
};

}  // namespace gateway

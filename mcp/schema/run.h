#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/schema/budget.h"
#include "mcp/schema/node.h"

namespace mcp::schema {

/// A mistake as it was found: what is wrong, and the keyword that says so.
struct Fault {
  const Value* at;
  const Value* keyword;
  std::string message;
};

/// Where a value breaks its schema.
struct Failure {
  const Value* at = nullptr;
  const Value* keyword = nullptr;
};

/// The resources that were entered on the way to a node, innermost first: what "$dynamicRef" looks through.
struct Scope {
  const Resource* resource;
  const Scope* outer;
};

/// One validation of one value: what it may still cost, and what was found. Every piece of work is paid for first; once the budget
/// is used up, nothing is evaluated any more and the outcome means nothing.
class Run {
 public:
  /// The deepest that evaluations may stand in one another.
  static constexpr int kMostDepth = 1000;

  explicit Run(std::size_t steps, WorkEnd end = {}) : budget_(steps, std::move(end)) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Collects at most `most` faults in `faults`; without, it ends at the first that decides.
  void collect(std::vector<Fault>& faults, std::size_t most) {
    faults_ = &faults;
    most_faults_ = most;
  }

  bool evaluate(const Node& node, const Value& value, Seen* seen);

  /// Pays; false when there is no more.
  bool spend(std::size_t steps) { return budget_.spend(steps); }
  bool exhausted() const { return budget_.exhausted(); }
  bool stopped() const { return budget_.stopped(); }
  bool too_deep() const { return too_deep_; }

  /// Whether to go on after a failure, for more faults.
  bool wants_all() const { return faults_ != nullptr && faults_->size() < most_faults_; }

  /// The one found last: after an evaluation that ends at the first that decides, the one that did.
  const Failure& last_failure() const { return last_failure_; }

  const Scope* scope() const { return scope_; }

  /// Notes a fault, where that is wanted. Returns false, so that a rule may end with it.
  template <std::invocable Describe>
  bool fail(const Value& at, const Value& keyword, Describe&& describe) {
    last_failure_ = {.at = &at, .keyword = &keyword};
    if (wants_all() && spend(kFaultCost)) faults_->push_back({&at, &keyword, describe()});
    return false;
  }

  /// Evaluates without noting faults.
  bool probe(const Node& node, const Value& value, Seen* seen);

  /// Evaluates with faults of its own; `found` gets them where any are wanted.
  bool evaluate_apart(const Node& node, const Value& value, Seen* seen, std::vector<Fault>& found);

  void add_faults(std::vector<Fault> found);

  /// Equal as JSON Schema has it: numbers by value, members in any order.
  bool equal(const Value& left, const Value& right);
  /// The same for equal values.
  std::size_t hash(const Value& value);

 private:
  bool equal_keys(const Value& left, const Value& right);
  bool check_rules(const Rules& rules, const Value& value, Seen* seen);

  /// Of putting a message together.
  static constexpr std::size_t kFaultCost = 40;

  Budget budget_;
  bool too_deep_ = false;
  int depth_ = 0;
  const Scope* scope_ = nullptr;
  Failure last_failure_;
  std::vector<Fault>* faults_ = nullptr;
  std::size_t most_faults_ = 0;
};

}  // namespace mcp::schema

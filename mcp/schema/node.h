#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "mcp/schema/value.h"

namespace mcp::schema {

class Run;
struct Resource;

/// Which elements or members of a value some keyword has looked at, for unevaluatedItems and unevaluatedProperties.
class Seen {
 public:
  /// Of making the marks for a value, or merging them.
  static std::size_t cost(const Value& value) { return value.items.size() / 16; }

  void mark(std::size_t index, std::size_t count) {
    if (marks_.size() < count) marks_.resize(count);
    marks_[index] = true;
  }
  void mark_first(std::size_t how_many, std::size_t count) {
    for (std::size_t i = 0; i < how_many; ++i)
      mark(i, count);
  }
  void mark_all() { all_ = true; }
  bool has(std::size_t index) const { return all_ || (index < marks_.size() && marks_[index]); }
  void merge(const Seen& other) {
    all_ = all_ || other.all_;
    if (marks_.size() < other.marks_.size()) marks_.resize(other.marks_.size());
    for (std::size_t i = 0; i < other.marks_.size(); ++i)
      if (other.marks_[i]) marks_[i] = true;
  }

 private:
  std::vector<bool> marks_;
  bool all_ = false;
};

/// The kinds of values that a rule has something to say about.
using Kinds = unsigned;

constexpr Kinds kinds(std::initializer_list<Value::Kind> list) {
  Kinds bits = 0;
  for (const Value::Kind kind : list)
    bits |= 1U << static_cast<unsigned>(kind);
  return bits;
}

inline constexpr Kinds kAnyKind = 63;

/// One keyword, or a few that depend on each other, ready for use. Immutable.
class Rule {
 public:
  explicit Rule(Kinds applies_to = kAnyKind) : applies_to_(applies_to) {}
  virtual ~Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  bool applies_to(Value::Kind kind) const { return ((applies_to_ >> static_cast<unsigned>(kind)) & 1U) != 0; }

  /// Whether the value keeps to it. `seen`, where not null, learns what was looked at; what it learns of a value that fails does
  /// not count. False only after Run::fail(), here or further down, or when the budget is used up.
  virtual bool check(Run& run, const Value& value, Seen* seen) const = 0;

 private:
  Kinds applies_to_;
};

using Rules = std::vector<std::unique_ptr<Rule>>;

/// A subschema ready for use. What it refers to are other nodes of the same schema, which owns them all.
struct Node {
  const Value* source = nullptr;
  const Resource* resource = nullptr;
  bool allows_nothing = false;  // the schema `false`
  Rules rules;
  Rules last_rules;  // those on what the others have not looked at
};

}  // namespace mcp::schema

#include "mcp/schema/run.h"

#include <functional>

#include "mcp/schema/decimal.h"

namespace mcp::schema {
namespace {

/// Puts a value back at the end of a block.
template <class T>
class Restore {
 public:
  explicit Restore(T& place) : place_(place), kept_(place) {}
  ~Restore() { place_ = kept_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& place_;
  T kept_;
};

void mix(std::size_t& hash, std::size_t more) {
  hash = (hash ^ more) * 0x9E3779B97F4A7C15U;
  hash ^= hash >> 29;
}

}  // namespace

bool Run::evaluate(const Node& node, const Value& value, Seen* seen) {
  if (!spend(1)) return false;
  if (node.allows_nothing) {
    return fail(value, *node.source, [&] { return "nothing is allowed here, got " + shorten(value); });
  }
  if (depth_ >= kMostDepth) {
    too_deep_ = true;
    exhausted_ = true;
    return false;
  }
  const Restore depth(depth_);
  const Restore scope(scope_);
  ++depth_;
  const Scope entered{.resource = node.resource, .outer = scope_};
  if (scope_ == nullptr || scope_->resource != node.resource) scope_ = &entered;
  if (node.last_rules.empty() || value.items.empty()) return check_rules(node.rules, value, value.items.empty() ? nullptr : seen);
  Seen own;
  // What was not looked at is only known when the others hold.
  if (!check_rules(node.rules, value, &own) || !check_rules(node.last_rules, value, &own)) return false;
  if (seen != nullptr) seen->merge(own);
  return true;
}

bool Run::check_rules(const Rules& rules, const Value& value, Seen* seen) {
  bool holds = true;
  for (const auto& rule : rules) {
    if (!rule->applies_to(value.kind)) continue;
    if (!spend(1)) return false;
    holds = rule->check(*this, value, seen) && holds;
    if (!holds && !wants_all()) return false;
  }
  return holds && !exhausted_;
}

bool Run::probe(const Node& node, const Value& value, Seen* seen) {
  const Restore faults(faults_);
  faults_ = nullptr;
  return evaluate(node, value, seen);
}

bool Run::evaluate_apart(const Node& node, const Value& value, Seen* seen, std::vector<Fault>& found) {
  const Restore faults(faults_);
  if (faults_ != nullptr) faults_ = &found;
  return evaluate(node, value, seen);
}

void Run::add_faults(std::vector<Fault> found) {
  if (faults_ == nullptr) return;
  for (Fault& fault : found) {
    if (faults_->size() >= most_faults_) return;
    faults_->push_back(std::move(fault));
  }
}

bool Run::equal(const Value& left, const Value& right) {
  if (left.kind != right.kind || left.items.size() != right.items.size()) return false;
  if (!spend(1 + std::min(left.text.size(), right.text.size()) / 64)) return false;
  switch (left.kind) {
    case Value::Kind::null:
      return true;
    case Value::Kind::boolean:
      return left.truth == right.truth;
    case Value::Kind::number:
      return left.text == right.text || Decimal(left.text) == Decimal(right.text);
    case Value::Kind::string:
      return left.text == right.text;
    default:
      for (std::size_t i = 0; i < left.items.size(); ++i) {
        const bool is_object = left.is(Value::Kind::object);
        if (is_object && left.items[i].key != right.items[i].key) return false;
        if (!equal(left.items[i], right.items[i])) return false;
      }
      return true;
  }
}

std::size_t Run::hash(const Value& value) {
  std::size_t hash = static_cast<std::size_t>(value.kind) + 1;
  if (!spend(1 + value.text.size() / 64)) return 0;
  switch (value.kind) {
    case Value::Kind::null:
      break;
    case Value::Kind::boolean:
      mix(hash, value.truth ? 1 : 2);
      break;
    case Value::Kind::number:
      mix(hash, std::hash<std::string>()(Decimal(value.text).canonical()));
      break;
    case Value::Kind::string:
      mix(hash, std::hash<std::string_view>()(value.text));
      break;
    default:
      for (const Value& child : value.items) {
        if (value.is(Value::Kind::object)) mix(hash, std::hash<std::string_view>()(child.key));
        mix(hash, this->hash(child));
      }
  }
  return hash;
}

}  // namespace mcp::schema

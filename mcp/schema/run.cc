#include "mcp/schema/run.h"

#include <algorithm>
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

/// Looking at a rule that has nothing to say costs little, but there may be many.
constexpr std::size_t kRulesForStep = 8;
/// Of a text that is compared, or hashed.
constexpr std::size_t kBytesForStep = 32;

void mix(std::size_t& hash, std::size_t more) {
  hash = (hash ^ more) * 0x9E3779B97F4A7C15U;
  hash ^= hash >> 29;
}

}  // namespace

bool Run::evaluate(const Node& node, const Value& value, Seen* seen) {
  if (!spend(1 + node.rules.size() / kRulesForStep)) return false;
  if (node.allows_nothing) {
    return fail(value, *node.source, [&] { return "nothing is allowed here, got " + shorten(value); });
  }
  if (depth_ >= kMostDepth) {
    too_deep_ = true;
    budget_.exhaust();
    return false;
  }
  const Restore depth(depth_);
  const Restore scope(scope_);
  ++depth_;
  const Scope entered{.resource = node.resource, .outer = scope_};
  if (scope_ == nullptr || scope_->resource != node.resource) scope_ = &entered;
  if (value.items.empty()) return check_rules(node.rules, value, nullptr);
  const bool asks = std::ranges::any_of(node.last_rules, [&](const auto& rule) { return rule->applies_to(value.kind); });
  if (!asks) return check_rules(node.rules, value, seen);
  if (!spend(Seen::cost(value))) return false;
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
  return holds && !exhausted();
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
  if (!spend(1 + std::min(left.text.size(), right.text.size()) / kBytesForStep)) return false;
  switch (left.kind) {
    case Value::Kind::null:
      return true;
    case Value::Kind::boolean:
      return left.truth == right.truth;
    case Value::Kind::number:
      if (left.text == right.text) return true;
      if (!spend(Decimal::cost(left.text) + Decimal::cost(right.text))) return false;
      return Decimal(left.text) == Decimal(right.text);
    case Value::Kind::string:
      return left.text == right.text;
    default:
      for (std::size_t i = 0; i < left.items.size(); ++i) {
        if (left.is(Value::Kind::object) && !equal_keys(left.items[i], right.items[i])) return false;
        if (!equal(left.items[i], right.items[i])) return false;
      }
      return true;
  }
}

bool Run::equal_keys(const Value& left, const Value& right) {
  if (left.key.size() != right.key.size() || !spend(left.key.size() / kBytesForStep)) return false;
  return left.key == right.key;
}

std::size_t Run::hash(const Value& value) {
  std::size_t hash = static_cast<std::size_t>(value.kind) + 1;
  if (!spend(1 + value.text.size() / kBytesForStep)) return 0;
  switch (value.kind) {
    case Value::Kind::null:
      break;
    case Value::Kind::boolean:
      mix(hash, value.truth ? 1 : 2);
      break;
    case Value::Kind::number:
      if (!spend(2 * Decimal::cost(value.text))) return 0;
      mix(hash, std::hash<std::string>()(Decimal(value.text).canonical()));
      break;
    case Value::Kind::string:
      mix(hash, std::hash<std::string_view>()(value.text));
      break;
    default:
      for (const Value& child : value.items) {
        if (!spend(child.key.size() / kBytesForStep)) return 0;
        if (value.is(Value::Kind::object)) mix(hash, std::hash<std::string_view>()(child.key));
        mix(hash, this->hash(child));
      }
  }
  return hash;
}

}  // namespace mcp::schema

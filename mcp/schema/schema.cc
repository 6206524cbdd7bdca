#include "mcp/schema/schema.h"

#include <map>

#include "mcp/schema/compiler.h"
#include "mcp/schema/run.h"

namespace mcp {

using namespace schema;  // NOLINT(google-build-using-namespace): the parts this is made of

struct Schema::Compiled {
  Compiled(std::span<const SchemaDocument> documents, const SchemaLimits& limits) : library(documents, limits) {}

  Library library;
  std::map<std::string, DynamicTargets> dynamic_targets;
  std::deque<Node> nodes;
  std::vector<std::string> notes;
  std::size_t pattern_bytes = 0;
  const Node* root = nullptr;
};

namespace {

/// Beside the steps that are allowed in any case, for each value: some keywords on each are usual.
constexpr std::size_t kStepsForValue = 64;
/// A long text costs by its length.
constexpr std::size_t kBytesForStep = 4;

Error cannot_tell(const Run& run) {
  if (run.stopped()) return {.code = ErrorCode::cancelled, .message = "The value was not checked to its end."};
  if (run.too_deep()) {
    return {.code = ErrorCode::too_large,
            .message = "The value cannot be checked: the schema refers to itself without end, or too deeply."};
  }
  return {.code = ErrorCode::too_large, .message = "The value cannot be checked: with this schema it would take too long."};
}

SchemaMistake to_mistake(const Fault& fault, const Library& library) {
  const bool is_nothing = fault.keyword->is(schema::Value::Kind::boolean) && !fault.keyword->truth;
  return {.instance_path = pointer_to(*fault.at),
          .keyword = fault.keyword->parent == nullptr && is_nothing ? "false" : std::string(fault.keyword->key),
          .schema_location = library.location(*fault.keyword),
          .message = fault.message};
}

}  // namespace

Schema::Schema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::compile(std::string_view text,
                                                      const SchemaLimits& limits,
                                                      std::span<const SchemaDocument> documents) {
  auto compiled = std::make_unique<Compiled>(documents, limits);
  auto root = compiled->library.add(text, "The schema", "");
  if (!root) return std::unexpected(std::move(root.error()));
  Compiler compiler(compiled->library, limits);
  auto node = compiler.run(*root);
  if (!node) return std::unexpected(std::move(node.error()));
  compiled->library.close();
  compiled->root = *node;
  compiled->nodes = compiler.take_nodes();
  compiled->dynamic_targets = compiler.take_dynamic_targets();
  compiled->notes = compiler.take_notes();
  compiled->pattern_bytes = compiler.pattern_bytes();
  return std::shared_ptr<const Schema>(new Schema(std::move(compiled)));
}

Result<std::vector<SchemaMistake>> Schema::validate(std::string_view instance, const ValidationLimits& limits) const {
  const DocumentLimits document_limits{.bytes = limits.bytes, .values = limits.values, .depth = limits.depth};
  const auto document = Document::parse(instance, "The value", document_limits);
  if (!document) return std::unexpected(document.error());
  const schema::Value& value = (*document)->root();
  const std::size_t steps = limits.steps + ((*document)->value_count() * kStepsForValue) + (instance.size() / kBytesForStep);
  Run quick(steps, limits.end);
  const bool valid = quick.evaluate(*compiled_->root, value, nullptr);
  if (quick.exhausted()) return std::unexpected(cannot_tell(quick));
  std::vector<SchemaMistake> mistakes;
  if (valid) return mistakes;
  // Most values are valid: only for the others are the reasons sought, in a second round that looks at every alternative.
  std::vector<Fault> faults;
  Run thorough(steps, limits.end);
  thorough.collect(faults, limits.mistakes);
  thorough.evaluate(*compiled_->root, value, nullptr);
  for (const Fault& fault : faults)
    mistakes.push_back(to_mistake(fault, compiled_->library));
  if (mistakes.empty()) {
    const auto& [at, keyword] = quick.last_failure();
    const Fault fault{.at = at, .keyword = keyword, .message = "breaks this keyword; to find out why would take too long"};
    mistakes.push_back(to_mistake(fault, compiled_->library));
  }
  return mistakes;
}

std::size_t Schema::memory() const {
  // Of a node: itself, some rules, its places in tables.
  constexpr std::size_t kNode = sizeof(Node) + 512;
  std::size_t bytes = compiled_->library.memory() + compiled_->nodes.size() * kNode + compiled_->pattern_bytes;
  for (const std::string& note : compiled_->notes)
    bytes += note.size();
  return bytes;
}

const std::vector<std::string>& Schema::notes() const {
  return compiled_->notes;
}

}  // namespace mcp

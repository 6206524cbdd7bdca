#include "mcp/schema/dialect.h"

#include <algorithm>
#include <array>
#include <string>

namespace mcp::schema {
namespace {

constexpr std::uint8_t kAll = 7, kOld = 3, kNew = 6, kNewest = 4;

constexpr std::array<SubschemaKeyword, 22> kSubschemaKeywords = {{{"$defs", Shape::map, kNew},
                                                                  {"additionalItems", Shape::schema, kOld},
                                                                  {"additionalProperties", Shape::schema, kAll},
                                                                  {"allOf", Shape::schemas, kAll},
                                                                  {"anyOf", Shape::schemas, kAll},
                                                                  {"contains", Shape::schema, kAll},
                                                                  {"contentSchema", Shape::schema, kNew},
                                                                  {"definitions", Shape::map, kAll},
                                                                  {"dependencies", Shape::map, kAll},
                                                                  {"dependentSchemas", Shape::map, kNew},
                                                                  {"else", Shape::schema, kAll},
                                                                  {"if", Shape::schema, kAll},
                                                                  {"items", Shape::schema_or_schemas, kAll},
                                                                  {"not", Shape::schema, kAll},
                                                                  {"oneOf", Shape::schemas, kAll},
                                                                  {"patternProperties", Shape::map, kAll},
                                                                  {"prefixItems", Shape::schemas, kNewest},
                                                                  {"properties", Shape::map, kAll},
                                                                  {"propertyNames", Shape::schema, kAll},
                                                                  {"then", Shape::schema, kAll},
                                                                  {"unevaluatedItems", Shape::schema, kNew},
                                                                  {"unevaluatedProperties", Shape::schema, kNew}}};

struct KnownVocabulary {
  std::string_view uri;
  std::uint8_t bits;
};

constexpr std::array<KnownVocabulary, 14> kVocabularies = {{{"https://json-schema.org/draft/2020-12/vocab/core", 1},
                                                            {"https://json-schema.org/draft/2020-12/vocab/applicator", 2},
                                                            {"https://json-schema.org/draft/2020-12/vocab/unevaluated", 4},
                                                            {"https://json-schema.org/draft/2020-12/vocab/validation", 8},
                                                            {"https://json-schema.org/draft/2020-12/vocab/meta-data", 0},
                                                            {"https://json-schema.org/draft/2020-12/vocab/format-annotation", 0},
                                                            {"https://json-schema.org/draft/2020-12/vocab/content", 0},
                                                            {"https://json-schema.org/draft/2019-09/vocab/core", 1},
                                                            {"https://json-schema.org/draft/2019-09/vocab/applicator", 2 | 4},
                                                            {"https://json-schema.org/draft/2019-09/vocab/validation", 8},
                                                            {"https://json-schema.org/draft/2019-09/vocab/meta-data", 0},
                                                            {"https://json-schema.org/draft/2019-09/vocab/content", 0},
                                                            {"https://json-schema.org/draft/2019-09/vocab/format", 0},
                                                            {"https://json-schema.org/draft/2019-09/vocab/hyper-schema", 0}}};

}  // namespace

std::optional<Dialect> known_dialect(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  // Written with either scheme in the wild; both mean the same.
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  if (uri == "json-schema.org/draft/2020-12/schema") return Dialect{};
  if (uri == "json-schema.org/draft/2019-09/schema") return Dialect{.draft = Draft::draft2019};
  if (uri == "json-schema.org/draft-07/schema") return Dialect{.draft = Draft::draft7};
  return std::nullopt;
}

Result<Dialect> dialect_of_metaschema(const Value& metaschema, Dialect written_in) {
  const Value* declared = metaschema.find("$vocabulary");
  if (declared == nullptr || !declared->is(Value::Kind::object) || written_in.draft == Draft::draft7) return written_in;
  Dialect dialect{.draft = written_in.draft, .vocabularies = static_cast<std::uint8_t>(Vocabulary::core)};
  for (const Value& entry : declared->items) {
    const auto known = std::ranges::find(kVocabularies, entry.key, &KnownVocabulary::uri);
    if (known != kVocabularies.end()) {
      dialect.vocabularies |= known->bits;
    } else if (entry.truth) {
      return fail(ErrorCode::invalid_params,
                  "Its dialect requires a vocabulary that is not known here: " + std::string(entry.key) + ".");
    }
  }
  return dialect;
}

std::span<const SubschemaKeyword> subschema_keywords() {
  return kSubschemaKeywords;
}

}  // namespace mcp::schema

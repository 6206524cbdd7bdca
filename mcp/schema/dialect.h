#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mcp/schema/value.h"

namespace mcp::schema {

enum class Draft : std::uint8_t { draft7, draft2019, draft2020 };

/// The vocabularies whose keywords have a meaning here; draft-07 knows no division and has them all. What only describes (metadata,
/// content, format) is never looked at.
enum class Vocabulary : std::uint8_t { core = 1, applicator = 2, unevaluated = 4, validation = 8 };

struct Dialect {
  Draft draft = Draft::draft2020;
  std::uint8_t vocabularies = 15;

  bool has(Vocabulary vocabulary) const { return (vocabularies & static_cast<std::uint8_t>(vocabulary)) != 0; }
};

/// The dialect whose "$schema" is `uri`, or nothing. The three drafts only.
std::optional<Dialect> known_dialect(std::string_view uri);

/// What the "$vocabulary" of a metaschema makes of the draft it is written in. Errors: invalid_params for a vocabulary that it
/// requires and that is not known.
Result<Dialect> dialect_of_metaschema(const Value& metaschema, Dialect written_in);

/// How a keyword's value holds subschemas.
enum class Shape : std::uint8_t { schema, schemas, map, schema_or_schemas };

struct SubschemaKeyword {
  std::string_view name;
  Shape shape;
  std::uint8_t drafts;  // bit Draft

  bool in(Draft draft) const { return ((drafts >> static_cast<unsigned>(draft)) & 1U) != 0; }
};

/// Every keyword that has subschemas in it, in some draft.
std::span<const SubschemaKeyword> subschema_keywords();

}  // namespace mcp::schema

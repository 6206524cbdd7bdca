#pragma once

#include <string>
#include <string_view>

namespace mcp::schema {

/// What a reference leads to: a document's identifier without its fragment, and the fragment with its percent-escapes undone.
struct Reference {
  std::string resource;
  std::string fragment;
};

/// RFC 3986 section 5.2, also where `base` itself is relative or empty: a schema without $id has the base "".
std::string resolve_uri(std::string_view base, std::string_view reference);

/// `reference` as seen from `base`, cut at its fragment.
Reference resolve_reference(std::string_view base, std::string_view reference);

}  // namespace mcp::schema

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/config/jsonc.h"
#include "gateway/config/jsonc_write.h"

namespace gateway {

// The text of JsoncEditor's changes; nothing is checked here. `text` was parsed without problems, the nodes are of that parse.

/// How what surrounds a value is written; what is written anew does likewise.
struct Surroundings {
  JsoncStyle style;      // with the trailing comma of the nearest container that has lines
  bool in_lines = true;  // the value has a line of its own
};

/// Something to put into a container: an item where `key` is nullptr, else a member.
struct NewElement {
  const std::string* key = nullptr;
  const JsonNode& value;
};

/// Puts an element last into the container, which stands in these surroundings.
std::string splice_in(std::string_view text,
                      const Surroundings& surroundings,
                      const JsonNode& container,
                      const NewElement& element);

/// Writes another value in the place of `old`, which stands in these surroundings.
std::string splice_over(std::string_view text, const Surroundings& surroundings, const JsonNode& old, const JsonNode& value);

/// Takes an element and what belongs to it out of its container.
std::string splice_out(std::string_view text, const JsonNode& container, std::size_t index);

}  // namespace gateway

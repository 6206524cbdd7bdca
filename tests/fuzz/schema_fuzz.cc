// Fuzzes the JSON Schema validator: the first line is the schema, what follows it the value. Whatever they are, it has to end soon,
// and to give one answer whether or not reasons are asked for.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "mcp/json/text.h"
#include "mcp/schema/schema.h"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check_mistakes(const std::vector<mcp::SchemaMistake>& mistakes) {
  require(mistakes.size() <= 10, "few mistakes");
  for (const mcp::SchemaMistake& mistake : mistakes) {
    require(!mistake.keyword.empty() && !mistake.message.empty(), "a mistake says what is wrong");
    require(mistake.message.size() < 8000 && mcp::validate_json(mcp::json_string(mistake.message)).has_value(),
            "a message is short text");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view text = input.substr(0, end);
  const std::string_view instance = end == std::string_view::npos ? std::string_view("{}") : input.substr(end + 1);
  const auto schema = mcp::Schema::compile(text);
  if (!schema) {
    require(!schema.error().message.empty(), "a refusal says why");
    return 0;
  }
  require(mcp::validate_json(text).has_value(), "a schema is JSON");
  const auto found = (*schema)->validate(instance, {.steps = 100'000});
  if (!found) {
    require(!found.error().message.empty(), "a refusal says why");
    return 0;
  }
  require(mcp::validate_json(instance).has_value(), "what was checked is JSON");
  check_mistakes(*found);
  const auto first = (*schema)->validate(instance, {.steps = 100'000, .mistakes = 1});
  require(first.has_value() && first->size() == (found->empty() ? 0U : 1U), "the number of mistakes asked for changes nothing");
  return 0;
}

// Answers lines of JSON on standard input, one line each, so that other validators can be compared with ours:
//   {"schema": S, "instances": [I, …], "documents": {"URI": S, …}}   →   {"results": [true, false, "why it cannot be told", …],
//   "notes": N}
//                                                                    or  {"error": "why S is no schema"}
// With the argument "explain" a result that is false is a list of its mistakes instead.

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/json/text.h"
#include "mcp/schema/schema.h"

namespace {

using mcp::Schema;

void append_mistakes(std::string& out, const std::vector<mcp::SchemaMistake>& mistakes) {
  out += '[';
  for (const mcp::SchemaMistake& mistake : mistakes) {
    if (&mistake != mistakes.data()) out += ',';
    out += R"({"path":)" + mcp::json_string(mistake.instance_path) + R"(,"keyword":)" + mcp::json_string(mistake.keyword) +
           R"(,"location":)" + mcp::json_string(mistake.schema_location) + R"(,"message":)" + mcp::json_string(mistake.message) +
           "}";
  }
  out += ']';
}

std::string answer(std::string_view line, bool explain) {
  std::vector<std::string> uris;
  std::vector<mcp::SchemaDocument> documents;
  mcp::for_each_member(mcp::member(line, "documents"), [&](std::string_view key, std::string_view text) {
    uris.emplace_back(key);
    documents.push_back({.uri = {}, .text = text});
    return true;
  });
  for (std::size_t i = 0; i < uris.size(); ++i)
    documents[i].uri = uris[i];
  const auto schema = Schema::compile(mcp::member(line, "schema"), {}, documents);
  if (!schema) return R"({"error":)" + mcp::json_string(schema.error().message) + "}";
  std::string results;
  for (const std::string_view instance : mcp::elements(mcp::member(line, "instances"))) {
    if (!results.empty()) results += ',';
    const auto mistakes = (*schema)->validate(instance);
    if (!mistakes) {
      results += mcp::json_string(mistakes.error().message);
    } else if (explain && !mistakes->empty()) {
      append_mistakes(results, *mistakes);
    } else {
      results += mistakes->empty() ? "true" : "false";
    }
  }
  return R"({"results":[)" + results + R"(],"notes":)" + std::to_string((*schema)->notes().size()) + "}";
}

}  // namespace

int main(int argc, char** argv) {
  const bool explain = argc > 1 && std::string_view(argv[1]) == "explain";
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(line, explain) << std::endl;
  return 0;
}

#include "gateway/routing/resource_answer.h"

#include "gateway/catalog/qualified_uri.h"
#include "mcp/json/text.h"

namespace gateway {

bool has_contents(std::string_view result) {
  return !mcp::elements(mcp::member(result, "contents")).empty();
}

std::string with_qualified_contents(std::string_view result,
                                    const ServerName& server,
                                    std::string_view own,
                                    std::string_view asked) {
  std::string text;
  text.reserve(result.size() + 64);
  std::size_t copied = 0;
  for (const std::string_view content : mcp::elements(mcp::member(result, "contents"))) {
    mcp::for_each_member(content, [&](std::string_view key, std::string_view value) {
      if (!mcp::key_is(key, "uri") || !value.starts_with('"')) return true;
      const std::string said = mcp::decode_json_string(value);
      const auto at = static_cast<std::size_t>(value.data() - result.data());
      text.append(result.substr(copied, at - copied));
      mcp::append_json_string(text, said == own ? std::string(asked) : qualified_uri(server, said));
      copied = at + value.size();
      return true;
    });
  }
  text.append(result.substr(copied));
  return text;
}

}  // namespace gateway

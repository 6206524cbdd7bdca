#include "gateway/downstream/relay_handshake.h"

#include <utility>

#include "mcp/json/text.h"

namespace gateway {

using mcp::Message;

std::string version_of(const Message& answer) {
  return mcp::decode_json_string(mcp::member(answer.raw(answer.envelope().result), "protocolVersion"));
}

Message with_version(Message initialize, const std::string& version) {
  const std::string_view text = initialize.text();
  const std::string_view asked = mcp::member(initialize.raw(initialize.envelope().params), "protocolVersion");
  if (asked.empty()) return initialize;
  const auto at = static_cast<std::size_t>(asked.data() - text.data());
  std::string other(text.substr(0, at));
  mcp::append_json_string(other, version);
  other += text.substr(at + asked.size());
  auto parsed = Message::parse(std::move(other));
  return parsed ? std::move(*parsed) : std::move(initialize);
}

}  // namespace gateway

/// Adaptation between revisions on whatever a peer may send: what comes out is a message, and adapting it again changes nothing.
///
/// The input is a method, a line break, and JSON text that is tried as the params of a request, of a notification, and as a result.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "mcp/adapt/adapt.h"
#include "mcp/adapt/capabilities.h"
#include "mcp/json/text.h"

namespace {

using namespace mcp;

constexpr int kMaxDepth = 100;  // leaves room for what is around it

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n%.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

/// Adapts twice. `adapt` returns whether the message is still to be delivered.
template <class Adapt>
void check(Message message, Adapt adapt) {
  const std::string before(message.text());
  if (!adapt(message)) {
    require(message.text() == before, "a refused message is unchanged", message.text());
    return;
  }
  const std::string once(message.text());
  auto parsed = Message::parse(once);
  require(parsed.has_value(), "the result is a message", once);
  require(adapt(*parsed), "what was adapted can be adapted", once);
  require(parsed->text() == once, "adapting again changes nothing", once);
}

void check_all(std::string_view method, std::string_view json, Hop hop) {
  const auto request = [&] { return Message::parse(std::string(Message::request("7", method, json).text())); };
  if (auto parsed = request()) {
    check(parsed->clone(), [&](Message& message) { return adapt_request(message, hop).has_value(); });
    check(std::move(*parsed), [&](Message& message) { return adapt_server_request(message, hop).has_value(); });
  }
  if (auto parsed = Message::parse(std::string(Message::notification(method, json).text()))) {
    check(std::move(*parsed), [&](Message& message) { return adapt_notification(message, hop); });
  }
  const auto of_result = [&](auto adapt) {
    check(Message::result("7", json), [&](Message& message) {
      adapt(method, message, hop);
      return true;
    });
  };
  of_result(adapt_result);
  of_result(adapt_client_result);
  check(Message::error("7", -32042, "m", json), [&](Message& message) {
    adapt_result(method, message, hop);
    return true;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string::npos) return 0;
  const std::string method = input.substr(0, line), json = input.substr(line + 1);
  if (method.empty() || method.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/_") != std::string::npos)
    return 0;
  if (json.contains('\n') || json.contains('\r') || !validate_json(json, kMaxDepth)) return 0;
  const std::size_t begin = json.find_first_not_of(" \t");
  const std::string value = json.substr(begin, json.find_last_not_of(" \t") - begin + 1);
  for (const auto to : {ProtocolVersion::v2024_11_05, ProtocolVersion::v2025_03_26, ProtocolVersion::v2025_06_18, kLatestVersion}) {
    check_all(method, value, {.from = kLatestVersion, .to = to});
    const std::string offered = adapt_capabilities(value, kLatestVersion, to);
    require(adapt_capabilities(offered, to, to) == offered, "capabilities have one spelling", offered);
  }
  return 0;
}

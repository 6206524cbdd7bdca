/// Adapts messages for the check against the official schemas (tests/end_to_end/schemas.test.mjs).
///
/// Each line of standard input is {"kind", "method", "to", "value"}, the value being a request's params or a result as the latest
/// revision has it. Each line of standard output is what a reader of revision "to" gets: {"value"}, or {"refused": "why"}.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "mcp/adapt/adapt.h"

namespace {

using json = nlohmann::ordered_json;
using namespace mcp;

json value_of(const Message& message, Span Envelope::* member) {
  const std::string_view text = message.raw(message.envelope().*member);
  return {{"value", text.empty() ? json() : json::parse(text)}};
}

json refused(const std::string& why) {
  return {{"refused", why}};
}

json adapt_params(Result<> (*adapt)(Message&, Hop), const json& input, Hop hop) {
  Message request = Message::request("1", input["method"].get<std::string>(), input["value"].dump());
  const auto adapted = adapt(request, hop);
  return adapted ? value_of(request, &Envelope::params) : refused(adapted.error().text());
}

json adapt_answer(void (*adapt)(std::string_view, Message&, Hop), const json& input, Hop hop) {
  Message response = Message::result("1", input["value"].dump());
  adapt(input["method"].get<std::string>(), response, hop);
  return response.is_error() ? refused("an error") : value_of(response, &Envelope::result);
}

json adapt_line(const json& input) {
  const Hop hop = {.to = parse_protocol_version(input["to"].get<std::string>()).value()};
  const std::string kind = input["kind"];
  if (kind == "request") return adapt_params(adapt_request, input, hop);
  if (kind == "server_request") return adapt_params(adapt_server_request, input, hop);
  if (kind == "result") return adapt_answer(adapt_result, input, hop);
  if (kind == "client_result") return adapt_answer(adapt_client_result, input, hop);
  Message notification = Message::notification(input["method"].get<std::string>(), input["value"].dump());
  return adapt_notification(notification, hop) ? value_of(notification, &Envelope::params) : refused("not delivered");
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << adapt_line(json::parse(line)).dump() << std::endl;
  }
}

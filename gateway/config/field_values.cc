#include "gateway/config/field_values.h"

#include <cmath>

#include "gateway/config/near_name.h"

namespace gateway {

std::optional<bool> read_boolean(const JsonNode& node, const std::string& path, Findings& findings) {
  if (node.is(JsonNode::Kind::boolean)) return node.boolean;
  findings.wrong_type(path, node, "true or false");
  return std::nullopt;
}

std::optional<std::string> read_text(const JsonNode& node, const std::string& path, Findings& findings) {
  if (!node.is(JsonNode::Kind::string)) {
    findings.wrong_type(path, node, "a string");
    return std::nullopt;
  }
  if (node.text.find('\0') != std::string::npos) {
    findings.error(path, node.at, "a NUL character (\\u0000) cannot be used");
    return std::nullopt;
  }
  return node.text;
}

std::vector<std::string> read_names(const JsonNode& node, const std::string& path, Findings& findings) {
  std::vector<std::string> names;
  if (!node.is(JsonNode::Kind::array)) {
    findings.wrong_type(path, node, "an array of strings");
    return names;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string here = path_of_item(path, i);
    const auto text = read_text(node.items[i], here, findings);
    if (text && text->empty()) findings.error(here, node.items[i].at, "expected a string that is not empty");
    if (text && !text->empty()) names.push_back(*text);
  }
  return names;
}

std::optional<std::chrono::milliseconds> read_seconds(const JsonNode& node,
                                                      const std::string& path,
                                                      bool zero_allowed,
                                                      Findings& findings) {
  constexpr double kDay = 86400;
  const std::string wanted = zero_allowed ? "a number of seconds from 0 to 86400" : "a number of seconds above 0 and up to 86400";
  if (!node.is(JsonNode::Kind::number)) {
    findings.wrong_type(path, node, wanted);
    return std::nullopt;
  }
  const bool high_enough = zero_allowed ? node.number >= 0 : node.number > 0;
  if (!high_enough || node.number > kDay) {
    findings.error(path, node.at, "expected " + wanted + ", found " + node.text.substr(0, 40));
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(std::ceil(node.number * 1000)));
}

std::optional<std::size_t> read_count(
    const JsonNode& node, const std::string& path, std::size_t low, std::size_t high, Findings& findings) {
  const std::string wanted = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!node.is(JsonNode::Kind::number)) {
    findings.wrong_type(path, node, wanted);
    return std::nullopt;
  }
  const bool within = node.number >= static_cast<double>(low) && node.number <= static_cast<double>(high);
  if (!within || node.number != std::floor(node.number)) {
    findings.error(path, node.at, "expected " + wanted + ", found " + node.text.substr(0, 40));
    return std::nullopt;
  }
  return static_cast<std::size_t>(node.number);
}

CallChecks read_checks(const JsonNode& node, const std::string& path, Findings& findings) {
  constexpr std::string_view kWanted = R"("off", "arguments", "results" or "both")";
  if (node.is(JsonNode::Kind::boolean)) return {.arguments = node.boolean, .results = node.boolean};
  if (!node.is(JsonNode::Kind::string)) {
    findings.wrong_type(path, node, kWanted);
    return {};
  }
  const bool both = node.text == "both", arguments = node.text == "arguments", results = node.text == "results";
  if (!both && !arguments && !results && node.text != "off") {
    findings.error(path, node.at, "expected " + std::string(kWanted) + ", found " + quoted(node.text.substr(0, 40)));
  }
  return {.arguments = arguments || both, .results = results || both};
}

}  // namespace gateway

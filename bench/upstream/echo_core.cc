#include "bench/upstream/echo_core.h"

#include <charconv>
#include <cstdio>
#include <utility>

#include "bench/common/raw_json.h"

namespace bench {
namespace {

constexpr std::string_view kEchoTool =
    R"({"name":"echo","description":"Returns its text argument.","inputSchema":{"type":"object","properties":{"text":{"type":"string"},"bytes":{"type":"integer"}}}})";

std::string render_tools(int extra) {
  std::string tools = "[";
  tools += kEchoTool;
  char number[16];
  for (int i = 0; i < extra; ++i) {
    std::snprintf(number, sizeof number, "%03d", i);
    tools += R"(,{"name":"tool_)";
    tools += number;
    tools += R"(","description":"Benchmark tool number )" + std::to_string(i);
    tools += R"(: searches the records of the demo service and returns the ones that match the query, newest first.",)";
    tools += R"("inputSchema":{"type":"object","properties":{"text":{"type":"string","description":"What to look for"},)";
    tools += R"("bytes":{"type":"integer","description":"Size of the answer","minimum":0},)";
    tools += R"("cursor":{"type":"string","description":"Where to go on from"}},"required":[]}})";
  }
  return tools + "]";
}

}  // namespace

EchoCore::EchoCore(std::string name, int extra_tools) : name_(std::move(name)), tools_(render_tools(extra_tools)) {}

bool EchoCore::handle(std::string_view message, std::string& out, bool* is_initialize) const {
  std::string_view id, method, params;
  for_each_member(message, [&](std::string_view key, std::string_view value) {
    if (key == "id") id = value;
    if (key == "method") method = unquote(value);
    if (key == "params") params = value;
    return true;
  });
  if (id.empty() || method.empty()) return false;
  out += R"({"jsonrpc":"2.0","id":)";
  out += id;
  if (method == "tools/call") {
    call(params, out);
  } else if (method == "tools/list") {
    out += R"(,"result":{"tools":)";
    out += tools_;
    out += "}}";
  } else if (method == "initialize") {
    if (is_initialize != nullptr) *is_initialize = true;
    initialize(params, out);
  } else if (method == "ping") {
    out += R"(,"result":{}})";
  } else {
    out += R"(,"error":{"code":-32601,"message":"Method not found"}})";
  }
  return true;
}

void EchoCore::call(std::string_view params, std::string& out) const {
  std::string_view text, bytes;
  for_each_member(member(params, "arguments"), [&](std::string_view key, std::string_view value) {
    if (key == "text") text = value;
    if (key == "bytes") bytes = value;
    return true;
  });
  out += R"(,"result":{"content":[{"type":"text","text":)";
  if (!bytes.empty() && bytes[0] != 'n') {
    std::size_t count = 0;
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), count);
    out += '"';
    out.append(count, 'x');
    out += '"';
  } else {
    out += text.empty() ? std::string_view(R"("")") : text;
  }
  out += "}]}}";
}

void EchoCore::initialize(std::string_view params, std::string& out) const {
  const std::string_view version = member(params, "protocolVersion");
  out += R"(,"result":{"protocolVersion":)";
  out += version.empty() ? std::string_view(R"("2025-06-18")") : version;
  out += R"(,"capabilities":{"tools":{}},"serverInfo":{"name":")";
  out += name_;
  out += R"(","version":"1.0.0"}}})";
}

}  // namespace bench

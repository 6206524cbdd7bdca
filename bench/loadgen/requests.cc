#include "bench/loadgen/requests.h"

#include <algorithm>

namespace bench {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string call_arguments(const Options& options) {
  const std::string filler(static_cast<std::size_t>(options.arg_bytes), 'a');
  if (options.arguments.empty()) {
    if (options.result_bytes >= 0) return "{\"bytes\":" + std::to_string(options.result_bytes) + "}";
    return "{\"text\":\"" + filler + "\"}";
  }
  std::string arguments = options.arguments;
  replace_all(arguments, "@TEXT@", filler);
  replace_all(arguments, "@BYTES@", std::to_string(std::max(0L, options.result_bytes)));
  return arguments;
}

/// Everything of a request message after its id, for each of the tools.
std::vector<std::string> call_tails(const Options& options) {
  if (options.method != "tools/call") return {",\"method\":\"" + options.method + "\",\"params\":{}}"};
  const std::string arguments = call_arguments(options);
  std::vector<std::string> tails;
  for (std::string_view rest = options.tool; !rest.empty();) {
    const std::string_view tool = rest.substr(0, rest.find(','));
    tails.push_back(R"(,"method":"tools/call","params":{"name":")" + std::string(tool) + R"(","arguments":)" + arguments + "}}");
    rest.remove_prefix(std::min(rest.size(), tool.size() + 1));
  }
  return tails;
}

}  // namespace

Requests::Requests(const Options& options)
    : options_(options),
      host_line_("Host: " + options.host + ":" + std::to_string(options.port) + "\r\n"),
      call_tails_(call_tails(options)) {
  for (const std::string& header : options.headers)
    extra_headers_ += header + "\r\n";
  // On every request: initialize ignores it, by specification.
  if (!options.raw && !options.stateless) extra_headers_ += "MCP-Protocol-Version: " + options.protocol + "\r\n";
}

std::string Requests::head(std::string_view method, std::string_view path) const {
  std::string text(method);
  text += ' ';
  text += path.empty() ? std::string_view(options_.path) : path;
  text += " HTTP/1.1\r\n";
  text += host_line_;
  return text;
}

std::string Requests::post(std::string_view session, std::string_view body, std::string_view path) const {
  std::string text;
  text.reserve(body.size() + 512);
  text += head("POST", path);
  text += "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
  if (!session.empty()) {
    text += "Mcp-Session-Id: ";
    text += session;
    text += "\r\n";
  }
  text += extra_headers_;
  text += "Content-Length: ";
  text += std::to_string(body.size());
  text += "\r\n\r\n";
  text += body;
  return text;
}

std::string Requests::get_stream(std::string_view session) const {
  std::string text = head("GET", {}) + "Accept: text/event-stream\r\n";
  if (!session.empty()) text += "Mcp-Session-Id: " + std::string(session) + "\r\n";
  return text + extra_headers_ + "\r\n";
}

std::string Requests::get() const {
  return head("GET", {}) + extra_headers_ + "\r\n";
}

std::string Requests::initialize() const {
  return R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" + options_.protocol +
         R"(","capabilities":{},"clientInfo":{"name":"loadgen","version":"1.0"}}})";
}

std::string_view Requests::initialized() {
  return R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
}

std::string Requests::call(long id) const {
  return "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) + call_tails_[static_cast<std::size_t>(id) % call_tails_.size()];
}

}  // namespace bench

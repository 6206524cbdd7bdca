#include "tests/end_to_end/faults/mcp_client.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

namespace gateway {

namespace {

using nlohmann::json;

/// The messages of an answer: its JSON, or the events of its stream.
std::vector<json> messages_of(const mcp::RawResponse& response) {
  if (response.header("Content-Type") != "text/event-stream") return {json::parse(response.body)};
  std::vector<json> messages;
  static const std::string kData = "data: ";
  for (std::size_t at = response.body.find(kData); at != std::string::npos; at = response.body.find(kData, at)) {
    at += kData.size();
    if (response.body[at] == '\n') continue;  // an event that only has an id
    messages.push_back(json::parse(response.body.substr(at, response.body.find('\n', at) - at)));
  }
  return messages;
}

void read_reason(const json& from, ToolAnswer& answer) {
  answer.reason = from.value("reason", "");
  answer.server = from.value("server", "");
  answer.remedy = from.value("remedy", "");
}

void read_response(const json& message, ToolAnswer& answer) {
  answer.id = message.at("id").dump();
  if (message.contains("error")) {
    answer.failed = true;
    answer.text = message.at("error").value("message", "");
    read_reason(message.at("error").value("data", json::object()), answer);
    return;
  }
  const json& result = message.at("result");
  answer.failed = result.value("isError", false);
  answer.text = result.at("content").at(0).value("text", "");
  read_reason(result.value("_meta", json::object()).value("switchyard/error", json::object()), answer);
}

}  // namespace

void PrintTo(const ToolAnswer& answer, std::ostream* out) {
  *out << (answer.failed ? "failed (" + answer.reason + "): " : "ok: ") << answer.text.substr(0, 1000);
}

McpClient::McpClient(std::uint16_t port, const std::string& path) : McpClient(port, path, "") {
  post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
       R"("clientInfo":{"name":"fault_test","version":"1"}}})");
  const auto answer = connection_.read_response();
  session_ = answer.header("Mcp-Session-Id");
  if (session_.empty()) throw std::runtime_error("initialize: " + answer.head + "\n" + answer.body);
  post(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  connection_.read_response();
}

McpClient::McpClient(std::uint16_t port, std::string path, std::string session)
    : port_(port), path_(std::move(path)), session_(std::move(session)), connection_(mcp::RawClient::to(port)) {
  connection_.set_patience(std::chrono::seconds(20));
}

McpClient McpClient::beside() const {
  return {port_, path_, session_};
}

void McpClient::post(const std::string& body) {
  connection_.send("POST " + path_ + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                   "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" +
                   (session_.empty() ? "" : "Mcp-Session-Id: " + session_ + "\r\n") +
                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void McpClient::send_call(const std::string& id, const std::string& tool, const std::string& text, const std::string& token) {
  json params = {{"name", tool}, {"arguments", {{"text", text}}}};
  if (!token.empty()) params["_meta"] = {{"progressToken", json::parse(token)}};
  post(json{{"jsonrpc", "2.0"}, {"id", json::parse(id)}, {"method", "tools/call"}, {"params", params}}.dump());
}

ToolAnswer McpClient::read_answer() {
  ToolAnswer answer;
  const auto response = connection_.read_response();
  for (const json& message : messages_of(response)) {
    if (message.contains("method")) {
      answer.notifications.push_back(message.dump());
    } else {
      read_response(message, answer);
    }
  }
  return answer;
}

ToolAnswer McpClient::call(const std::string& tool, const std::string& text) {
  send_call(std::to_string(++last_id_), tool, text);
  return read_answer();
}

std::vector<std::string> McpClient::tools() {
  post(R"({"jsonrpc":"2.0","id":"list","method":"tools/list"})");
  const json answer = json::parse(connection_.read_response().body);
  std::vector<std::string> names;
  for (const json& tool : answer.at("result").at("tools"))
    names.push_back(tool.at("name"));
  return names;
}

void McpClient::cancel(const std::string& id) {
  post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + id + R"(,"reason":"never mind"}})");
  connection_.read_response();
}

void McpClient::open_stream() {
  connection_.send("GET " + path_ + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                   "\r\nAccept: text/event-stream\r\nMcp-Session-Id: " + session_ + "\r\n\r\n");
  connection_.read_head();
}

mcp::RawResponse http_get(std::uint16_t port, const std::string& path, const std::string& token) {
  auto client = mcp::RawClient::to(port);
  client.send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n" +
              (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n");
  return client.read_response();
}

}  // namespace gateway

#include "tests/support/fake_server.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace mcp {

namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

FakeServer::FakeServer(const Executor& executor) : executor_(executor), released_(std::make_shared<Event>(executor)) {
  const HttpServerOptions options;
  server_ = make_http_server(executor, options, [this](HttpExchange& exchange) { return handle(exchange); });
  const auto port = server_->listen("127.0.0.1", 0);
  if (!port) throw std::runtime_error(port.error().text());
  port_ = *port;
}

std::string FakeServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/mcp";
}

FakeServer::json FakeServer::tool(const std::string& name) {
  return {{"name", name}, {"inputSchema", {{"type", "object"}}}};
}

FakeServer::json FakeServer::prompt(const std::string& name) {
  return {{"name", name}, {"description", "prompt " + name}};
}

FakeServer::json FakeServer::resource(const std::string& uri) {
  return {{"uri", uri}, {"name", "resource " + uri}};
}

FakeServer::json FakeServer::resource_template(const std::string& text) {
  return {{"uriTemplate", text}, {"name", "template " + text}};
}

void FakeServer::release() {
  held_method.clear();
  std::exchange(released_, std::make_shared<Event>(executor_))->set();
}

void FakeServer::notify(const std::string& method) {
  send({{"jsonrpc", "2.0"}, {"method", method}});
}

void FakeServer::ping() {
  send({{"jsonrpc", "2.0"}, {"id", "are you there?"}, {"method", "ping"}});
}

void FakeServer::send(const json& message) {
  for (HttpExchange* stream : streams_)
    stream->write("data: " + message.dump() + "\n\n");
}

std::size_t FakeServer::count(std::string_view method) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(received, [&](const json& message) { return message.value("method", "") == method; }));
}

Task<void> FakeServer::stop() {
  return server_->stop(std::chrono::steady_clock::now());
}

Task<void> FakeServer::handle(HttpExchange& exchange) {
  if (exchange.method() == "POST") return post(exchange);
  return stream(exchange);
}

Task<void> FakeServer::stream(HttpExchange& exchange) {
  if (exchange.method() == "GET" && get_status != 200) {
    ++refused_streams;
    exchange.respond(get_status, {}, {});
    co_return;
  }
  if (exchange.method() == "DELETE" || !known_.contains(exchange.header("mcp-session-id")) || status != 200) {
    exchange.respond(exchange.method() == "DELETE" ? 200 : 404, {}, {});
    co_return;
  }
  Event end(executor_);
  exchange.begin_stream();
  exchange.on_stream_end([&end] { end.set(); });
  streams_.push_back(&exchange);
  co_await end.wait();
  std::erase(streams_, &exchange);
  co_await exchange.end_stream();
}

Task<void> FakeServer::post(HttpExchange& exchange) {
  const json message = json::parse(exchange.take_body());
  received.push_back(message);
  const bool initialize = message.value("method", "") == "initialize";
  if (status != 200 && (status_method.empty() || status_method == message.value("method", ""))) {
    exchange.respond(status, "text/plain", "as the test wants it");
    co_return;
  }
  const std::string session =
      initialize ? "session-" + std::to_string(++sessions_) : std::string(exchange.header("mcp-session-id"));
  if (initialize) known_.insert(session);
  if (!known_.contains(session)) {
    exchange.respond(404, {}, {});
    co_return;
  }
  if (!message.contains("id") || !message.contains("method")) {
    exchange.respond(202, {}, {});
    co_return;
  }
  const std::string text = respond_to(message).dump();
  const auto released = released_;
  if (message["method"] == held_method) co_await released->wait();
  const std::array<std::pair<std::string_view, std::string_view>, 1> headers = {
      std::pair("Mcp-Session-Id", std::string_view(session))};
  exchange.respond(200, kJson, text, headers);
}

FakeServer::json FakeServer::respond_to(const json& request) const {
  json response = {{"jsonrpc", "2.0"}, {"id", request.at("id")}};
  json result = json::object();
  const auto own = answer ? answer(request) : std::nullopt;
  if (own) {
    result = *own;
  } else if (request["method"] == "initialize") {
    result = {{"protocolVersion", version.empty() ? request["params"]["protocolVersion"] : json(version)},
              {"capabilities", capabilities},
              {"serverInfo", {{"name", "fake"}, {"version", "7"}}}};
  } else if (request["method"] == "tools/list") {
    result = list(request, "tools", tools);
  } else if (request["method"] == "prompts/list") {
    result = list(request, "prompts", prompts);
  } else if (request["method"] == "resources/list") {
    result = list(request, "resources", resources);
  } else if (request["method"] == "resources/templates/list") {
    result = list(request, "resourceTemplates", templates);
  } else if (request["method"] == "prompts/get") {
    result = {{"messages", json::array()}, {"description", "got " + request["params"].value("name", "")}};
  } else if (request["method"] == "resources/read") {
    result = {{"contents", {{{"uri", request["params"].value("uri", "")}, {"text", "as the server has it"}}}}};
  } else if (request["method"] == "completion/complete") {
    result = {{"completion", {{"values", {request["params"]["ref"].dump()}}}}};
  } else if (request["method"] == "tools/call") {
    result = {{"content", {{{"type", "text"}, {"text", "called " + request["params"].value("name", "")}}}}};
  }
  if (result.contains("error")) {
    response["error"] = result["error"];
  } else {
    response["result"] = result;
  }
  return response;
}

/// Pages by number.
FakeServer::json FakeServer::list(const json& request, const std::string& member, const std::vector<json>& all) const {
  const json params = request.value("params", json::object());
  const std::size_t begin = std::min<std::size_t>(all.size(), std::stoul(params.value("cursor", "0")));
  const std::size_t end = std::min(all.size(), begin + page_size);
  json result = {
      {member,
       std::vector<json>(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end))}};
  if (end < all.size()) result["nextCursor"] = std::to_string(end);
  return result;
}

}  // namespace mcp

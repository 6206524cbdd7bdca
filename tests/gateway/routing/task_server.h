#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "mcp/transport/message_pipe.h"

namespace gateway {

/// A server in this process whose tools run as tasks; what becomes of them the test says. Each connection is told apart. Loop
/// thread only.
class TaskServer {
 public:
  using json = nlohmann::json;

  struct Connection {
    std::shared_ptr<mcp::MessagePipe> pipe;
    std::vector<json> received;
    std::map<std::string, json> tasks;                 // by id
    std::map<std::string, std::vector<json>> waiting;  // ids of tasks/result requests, by task
    std::vector<std::pair<json, json>> held;           // calls that have not been answered: id and params
    json answered;                                     // responses to questions of the server's: the last one

    void send(const json& message) const { pipe->send(*mcp::Message::parse(message.dump())); }

    void respond(const json& id, const json& result) const { send({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}); }

    void refuse(const json& id, const std::string& why) const {
      send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", -32602}, {"message", why}}}});
    }

    void notify(const std::string& method, const json& params) const {
      send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
    }

    std::size_t count(const std::string& method) const {
      return static_cast<std::size_t>(
          std::ranges::count_if(received, [&](const json& message) { return message.value("method", "") == method; }));
    }

    /// The last request or notification of that method; null where none came.
    json last(const std::string& method) const {
      const auto found =
          std::find_if(received.rbegin(), received.rend(), [&](const json& one) { return one.value("method", "") == method; });
      return found == received.rend() ? json() : *found;
    }
  };

  explicit TaskServer(mcp::Executor executor) : executor_(std::move(executor)) {}

  json capabilities = {
      {"tools", json::object()},
      {"tasks", {{"list", json::object()}, {"cancel", json::object()}, {"requests", {{"tools", {{"call", json::object()}}}}}}}};
  json ttl = 60'000;         // of new tasks
  json poll_interval = 50;   // likewise
  json odd_task;             // where it is not null, what the server says of a task that it makes
  bool blocks = true;        // tasks/result waits, as it should
  bool holds_calls = false;  // until release()
  bool cancels = true;       // tasks/cancel is answered
  std::vector<std::unique_ptr<Connection>> connections;

  std::shared_ptr<mcp::Transport> connect() {
    auto [transport, pipe] = mcp::make_memory_pair(executor_);
    auto& connection = *connections.emplace_back(std::make_unique<Connection>());
    connection.pipe = std::move(pipe);
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this, &connection](const mcp::Message& message) { handle(connection, json::parse(message.text())); };
    receiver.on_invalid = [](const mcp::Error&) {};
    receiver.on_closed = [] {};
    connection.pipe->open(std::move(receiver));
    return transport;
  }

  /// Answers the calls that are held.
  void release(Connection& connection) const {
    for (const auto& [id, params] : std::exchange(connection.held, {}))
      call(connection, id, params);
  }

  /// The task is over; who waits for its result gets it.
  static void finish(Connection& connection, const std::string& task, const json& result) {
    connection.tasks[task]["status"] = "completed";
    connection.tasks[task]["result"] = result;
    for (const json& id : std::exchange(connection.waiting[task], {}))
      connection.respond(id, with_task(result, task));
  }

  static json with_task(json value, const std::string& task) {
    value["_meta"]["io.modelcontextprotocol/related-task"]["taskId"] = task;
    return value;
  }

  static json text(const std::string& text) { return {{"content", json::array({{{"type", "text"}, {"text", text}}})}}; }

 private:
  static json tool(const std::string& name, const std::string& support) {
    json tool = {{"name", name}, {"inputSchema", {{"type", "object"}}}};
    if (!support.empty()) tool["execution"] = {{"taskSupport", support}};
    return tool;
  }

  static json shown(json task) {
    task.erase("result");
    return task;
  }

  void handle(Connection& connection, const json& message) {
    connection.received.push_back(message);
    if (!message.contains("method")) {
      connection.answered = message;
      return;
    }
    if (!message.contains("id")) return;
    const json& id = message["id"];
    const std::string method = message["method"];
    const json params = message.value("params", json::object());
    if (method == "initialize") {
      connection.respond(id,
                         {{"protocolVersion", "2025-11-25"},
                          {"capabilities", capabilities},
                          {"serverInfo", {{"name", "tasks"}, {"version", "1"}}}});
    } else if (method == "tools/list") {
      connection.respond(id, {{"tools", {tool("plain", ""), tool("may", "optional"), tool("must", "required")}}});
    } else if (method == "tools/call" && holds_calls) {
      connection.held.emplace_back(id, params);
    } else if (method == "tools/call") {
      call(connection, id, params);
    } else if (method.starts_with("tasks/")) {
      about(connection, id, method, params["taskId"]);
    } else {
      connection.respond(id, json::object());
    }
  }

  void call(Connection& connection, const json& id, const json& params) const {
    if (!params.contains("task")) return connection.respond(id, text("at once"));
    const std::string task = "t" + std::to_string(connection.tasks.size() + 1);
    connection.tasks[task] = {{"taskId", task},
                              {"status", "working"},
                              {"createdAt", "2025-11-25T10:30:00Z"},
                              {"lastUpdatedAt", "2025-11-25T10:30:00Z"},
                              {"ttl", ttl},
                              {"pollInterval", poll_interval}};
    connection.respond(id, {{"task", odd_task.is_null() ? connection.tasks[task] : odd_task}});
  }

  void about(Connection& connection, const json& id, const std::string& method, const std::string& name) {
    const auto found = connection.tasks.find(name);
    if (found == connection.tasks.end()) return connection.refuse(id, "Task not found");
    json& task = found->second;
    if (method == "tasks/get") return connection.respond(id, shown(task));
    if (method == "tasks/cancel" && !cancels) return;
    if (method == "tasks/cancel") {
      task["status"] = "cancelled";
      return connection.respond(id, shown(task));
    }
    if (task.contains("result")) return connection.respond(id, with_task(task["result"], name));
    if (!blocks) return connection.refuse(id, "the task is not over");
    connection.waiting[name].push_back(id);
  }

  mcp::Executor executor_;
};

}  // namespace gateway

#include "tests/interleaving/model_server.h"

#include <array>
#include <iterator>
#include <optional>

namespace gateway {

namespace {

using nlohmann::json;

json notification(const std::string& method, json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

std::string pick_version(Dice& dice) {
  static const std::vector<std::string> versions = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"};
  return dice.pick(versions);
}

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels = {"debug", "info", "warning", "error", "emergency"};
  return levels;
}

}  // namespace

std::vector<CallTag> tags_of(const json& request) {
  return CallTag::all_in(request.dump());
}

ModelServer::ModelServer(const mcp::Executor& executor, int number, Dice& dice, Journal& journal)
    : executor_(executor),
      number_(number),
      dice_(dice),
      journal_(journal),
      version_(pick_version(dice)),
      remote_(dice.chance(50)),
      pages_(dice.chance(50)) {}

ServerSpec ModelServer::spec() const {
  ServerSpec spec;
  spec.name = ServerName("s" + std::to_string(number_));
  spec.transport = StdioSpec{.command = "model"};
  if (remote_) spec.transport = HttpSpec{.url = "http://127.0.0.1:1/mcp"};
  spec.startup_timeout = std::chrono::seconds(5);
  spec.call_timeout = std::chrono::seconds(20);
  return spec;
}

mcp::Result<std::shared_ptr<mcp::Transport>> ModelServer::connect() {
  if (!calm_ && dice_.chance(10)) return mcp::fail(mcp::ErrorCode::connect_failed, "the model is not there just now");
  auto [transport, pipe] = mcp::make_memory_pair(executor_);
  auto connection = std::make_shared<Connection>();
  connection->number = (number_ * 1000) + ++made_;
  connection->pipe = std::move(pipe);
  connections_.push_back(connection);
  mcp::MessagePipe::Receiver receiver;
  // The pipe is the connection's, so it must not hold it.
  receiver.on_message = [this, weak = std::weak_ptr(connection)](const mcp::Message& message) {
    if (const auto there = weak.lock()) take(there, json::parse(message.text()));
  };
  receiver.on_closed = [weak = std::weak_ptr(connection)] {
    if (const auto there = weak.lock()) there->live = false;
  };
  connection->pipe->open(std::move(receiver));
  return std::move(transport);
}

void ModelServer::wrong(const Connection& connection, const std::string& what) {
  journal_.wrong("s" + std::to_string(number_) + "/k" + std::to_string(connection.number) + ": " + what);
}

void ModelServer::take(const std::shared_ptr<Connection>& connection, const json& message) {
  if (!connection->live) return;
  journal_.note("s" + std::to_string(number_) + "/k" + std::to_string(connection->number) + " < " + message.dump());
  if (!message.contains("method")) return take_answer(*connection, message);
  if (!message.contains("id")) return take_notification(*connection, message);
  take_request(*connection, message);
}

void ModelServer::take_request(Connection& connection, const json& request) {
  if (!request["id"].is_number_integer()) return wrong(connection, "an id that is not ours: " + request.dump());
  const std::int64_t id = request["id"];
  const auto tags = tags_of(request);
  if (!connection.seen.emplace(id, tags.empty() ? 0 : tags.front().serial).second)
    wrong(connection, "an id used twice: " + request.dump());
  const json meta = request.value("params", json::object()).value("_meta", json::object());
  if (meta.contains("progressToken") && meta["progressToken"] != request["id"]) wrong(connection, "a token that is not ours");
  for (const CallTag& tag : tags) {
    if (tag.server != number_) wrong(connection, "another server's request: " + request.dump());
  }
  connection.open[id] = request;
  const std::string method = request["method"];
  if (method == "initialize") {
    connection.capabilities = request["params"]["capabilities"];
    return answer(connection, id);
  }
  check_sole_client(connection);
  if (calm_ || method == "ping" || (method.ends_with("/list") && dice_.chance(90))) answer(connection, id);
}

/// A session that declares that its client can be asked is one client's at a time.
void ModelServer::check_sole_client(const Connection& connection) {
  if (!connection.own()) return;
  std::set<int> clients;
  for (const auto& [id, request] : connection.open) {
    for (const CallTag& tag : tags_of(request))
      clients.insert(tag.client);
  }
  if (clients.size() > 1) wrong(connection, "two clients on a session of one's own");
}

void ModelServer::take_answer(Connection& connection, const json& response) {
  const auto found = connection.questions.find(response["id"].dump());
  if (found == connection.questions.end()) return wrong(connection, "an answer to nothing asked here: " + response.dump());
  Question& question = found->second;
  if (std::exchange(question.answered, true)) return wrong(connection, "a second answer: " + response.dump());
  for (const QuestionTag& tag : QuestionTag::all_in(response.dump())) {
    if (tag != question.tag) wrong(connection, "the answer to another question: " + response.dump());
  }
  if (!response.contains("result")) return;
  if (QuestionTag::all_in(response.dump()).empty()) wrong(connection, "not the client's answer: " + response.dump());
  ++questions_answered_;
}

void ModelServer::take_notification(Connection& connection, const json& notification) {
  const std::string method = notification["method"];
  const json params = notification.value("params", json::object());
  if (method == "notifications/cancelled") {
    const json id = params["requestId"];
    if (!id.is_number_integer() || !connection.seen.contains(id)) return wrong(connection, "a foreign id cancelled: " + id.dump());
    // Some servers go on regardless.
    if (dice_.chance(70)) connection.open.erase(id.get<std::int64_t>());
  } else if (method == "notifications/progress") {
    const auto found = connection.questions.find(params["progressToken"].dump());
    if (found == connection.questions.end() || !found->second.wants_progress) {
      return wrong(connection, "progress of nothing asked here: " + notification.dump());
    }
    for (const QuestionTag& tag : QuestionTag::all_in(notification.dump())) {
      if (tag != found->second.tag) wrong(connection, "the progress of another question: " + notification.dump());
    }
  } else if (method == "notifications/roots/list_changed" && !connection.capabilities.contains("roots")) {
    wrong(connection, "roots of a client that has none here");
  }
}

void ModelServer::send(Connection& connection, const json& message) {
  journal_.note("s" + std::to_string(number_) + "/k" + std::to_string(connection.number) + " > " + message.dump());
  connection.pipe->send(*mcp::Message::parse(message.dump()));
}

/// One element a page, where the server has pages.
json ModelServer::page_of(const std::string& method, const json& params) const {
  json list = list_of(method);
  if (!pages_) return list;
  const std::string member = list.begin().key();
  const json all = list[member];
  const std::size_t at = params.contains("cursor") ? std::stoul(params["cursor"].get<std::string>()) : 0;
  json page = {{member, at < all.size() ? json::array({all[at]}) : json::array()}};
  if (at + 1 < all.size()) page["nextCursor"] = std::to_string(at + 1);
  return page;
}

json ModelServer::list_of(const std::string& method) const {
  if (method == "tools/list") {
    json tools = json::array();
    for (const std::string name : {"alpha", "beta"})
      tools.push_back({{"name", name}, {"inputSchema", {{"type", "object"}}}});
    if (extra_tool_) tools.push_back({{"name", "extra"}, {"inputSchema", {{"type", "object"}}}});
    return {{"tools", tools}};
  }
  if (method == "prompts/list") return {{"prompts", {{{"name", "greet"}}}}};
  const std::string authority = "res://s" + std::to_string(number_);
  if (method == "resources/list") {
    return {{"resources", {{{"uri", authority + "/a"}, {"name", "a"}}, {{"uri", authority + "/b"}, {"name", "b"}}}}};
  }
  return {{"resourceTemplates", {{{"uriTemplate", authority + "/item/{id}"}, {"name", "item"}}}}};
}

json ModelServer::result_for(const json& request) const {
  const std::string method = request["method"];
  const auto tags = tags_of(request);
  const std::string text = tags.empty() ? "nothing" : tags.front().text();
  if (method == "initialize") {
    const json lists = {{"listChanged", true}};
    return {{"protocolVersion", version_},
            {"capabilities",
             {{"tools", lists},
              {"prompts", lists},
              {"resources", {{"listChanged", true}, {"subscribe", true}}},
              {"logging", json::object()},
              {"completions", json::object()}}},
            {"serverInfo", {{"name", "model"}, {"version", "1"}}}};
  }
  if (method.ends_with("/list")) return page_of(method, request.value("params", json::object()));
  if (method == "tools/call") return {{"content", {{{"type", "text"}, {"text", text}}}}};
  if (method == "prompts/get") {
    return {{"messages", {{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}}}}};
  }
  if (method == "resources/read") return {{"contents", {{{"uri", request["params"]["uri"]}, {"text", text}}}}};
  if (method == "completion/complete") return {{"completion", {{"values", {text}}}}};
  return json::object();
}

void ModelServer::answer(Connection& connection, std::int64_t id) {
  const json request = std::move(connection.open.at(id));
  connection.open.erase(id);
  json response = {{"jsonrpc", "2.0"}, {"id", id}};
  if (!calm_ && !tags_of(request).empty() && dice_.chance(15)) {
    response["error"] = {{"code", -31000}, {"message", "no: " + tags_of(request).front().text()}};
  } else {
    response["result"] = result_for(request);
  }
  if (!tags_of(request).empty()) ++answered_;
  send(connection, response);
  if (!calm_ && dice_.chance(5)) send(connection, response);
}

std::int64_t ModelServer::any_open(const Connection& connection) {
  return std::next(connection.open.begin(), static_cast<std::ptrdiff_t>(dice_.below(connection.open.size())))->first;
}

void ModelServer::answer_one(Connection& connection) {
  if (!connection.open.empty()) answer(connection, any_open(connection));
}

void ModelServer::report_progress(Connection& connection) {
  if (connection.open.empty()) return;
  const std::int64_t id = any_open(connection);
  const auto tags = tags_of(connection.open.at(id));
  if (tags.empty()) return;
  double& last = connection.progress[id];
  // One in four does not rise.
  const double now = dice_.chance(25) ? last - 1 : (last += 1);
  send(connection,
       notification("notifications/progress", {{"progressToken", id}, {"progress", now}, {"total", tags.front().serial + 1000}}));
}

void ModelServer::misreport_progress(Connection& connection) {
  json params = {{"progressToken", dice_.chance(50) ? json("nobody's") : json(nullptr)}, {"progress", 1}, {"total", 0}};
  // One whose request it has answered.
  for (const auto& [id, serial] : connection.seen) {
    if (!connection.open.contains(id) && dice_.chance(30))
      params = {{"progressToken", id}, {"progress", 1e6}, {"total", serial + 1000}};
  }
  send(connection, notification("notifications/progress", std::move(params)));
}

void ModelServer::log(Connection& connection) {
  json params = {{"level", dice_.pick(log_levels())}, {"data", "of nobody"}};
  if (connection.own() && !connection.open.empty()) {
    const auto tags = tags_of(connection.open.at(any_open(connection)));
    if (!tags.empty()) params["data"] = "of " + tags.front().text();
  }
  send(connection, notification("notifications/message", std::move(params)));
}

void ModelServer::ask(Connection& connection) {
  static const std::vector<std::string> methods = {"sampling/createMessage", "elicitation/create", "roots/list"};
  const std::string method = dice_.pick(methods);
  Question question{.tag = {++last_question_, connection.number}, .wants_progress = dice_.chance(50)};
  std::string text = question.tag.text();
  if (connection.own() && !connection.open.empty()) {
    const auto tags = tags_of(connection.open.at(any_open(connection)));
    if (!tags.empty()) text += " for " + tags.front().text();
  }
  json params = {{"_meta", {{"test/tag", text}}}};
  if (method == "sampling/createMessage") {
    params["maxTokens"] = 10;
    params["messages"] = {{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}}};
  } else if (method == "elicitation/create") {
    params["message"] = text;
    params["requestedSchema"] = {{"type", "object"}, {"properties", json::object()}};
  }
  // All servers count from one, like their clients do.
  const json id = dice_.chance(50) ? json(last_question_) : json(std::to_string(last_question_));
  if (question.wants_progress) params["_meta"]["progressToken"] = id;
  connection.questions[id.dump()] = question;
  ++asked_;
  send(connection, {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

void ModelServer::take_back(Connection& connection) {
  for (auto& [id, question] : connection.questions) {
    if (question.answered || question.taken_back || dice_.chance(50)) continue;
    question.taken_back = true;
    return send(connection, notification("notifications/cancelled", {{"requestId", json::parse(id)}}));
  }
}

void ModelServer::tell_update(Connection& connection) {
  static const std::vector<std::string> paths = {"/a", "/b", "/a/part", "/none"};
  const std::string uri = "res://s" + std::to_string(number_) + dice_.pick(paths);
  send(connection, notification("notifications/resources/updated", {{"uri", uri}}));
}

void ModelServer::change_lists(Connection& connection) {
  extra_tool_ = !extra_tool_;
  send(connection, notification("notifications/tools/list_changed", json::object()));
}

/// What no server should say.
void ModelServer::babble(Connection& connection) {
  static const std::vector<json> nonsense = {
      {{"jsonrpc", "2.0"}, {"id", 1}, {"result", {{"content", json::array()}}}},
      {{"jsonrpc", "2.0"}, {"id", "1000000000"}, {"result", json::object()}},
      {{"jsonrpc", "2.0"}, {"id", nullptr}, {"error", {{"code", -32700}, {"message", "what?"}}}},
      {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 99}}}},
      {{"jsonrpc", "2.0"}, {"method", "notifications/elicitation/complete"}, {"params", {{"elicitationId", "x"}}}},
      {{"jsonrpc", "2.0"}, {"method", "notifications/no/such"}},
  };
  send(connection, dice_.pick(nonsense));
}

void ModelServer::die(Connection& connection) {
  journal_.note("s" + std::to_string(number_) + "/k" + std::to_string(connection.number) + " dies");
  connection.live = false;
  connection.pipe->close();
}

void ModelServer::act() {
  static constexpr std::array<std::pair<std::size_t, Action>, 10> kActions = {{
      {38, &ModelServer::answer_one},
      {52, &ModelServer::report_progress},
      {55, &ModelServer::misreport_progress},
      {64, &ModelServer::log},
      {80, &ModelServer::ask},
      {85, &ModelServer::take_back},
      {92, &ModelServer::tell_update},
      {95, &ModelServer::change_lists},
      {98, &ModelServer::babble},
      {100, &ModelServer::die},
  }};
  std::erase_if(connections_, [](const auto& connection) { return !connection->live; });
  if (connections_.empty() || calm_) return;
  const auto connection = dice_.pick(connections_);
  const std::size_t roll = dice_.below(100);
  for (const auto& [limit, action] : kActions) {
    if (roll < limit) return (this->*action)(*connection);
  }
}

void ModelServer::calm_down() {
  calm_ = true;
}

void ModelServer::answer_all() {
  for (const auto& connection : connections_) {
    while (connection->live && !connection->open.empty())
      answer(*connection, connection->open.begin()->first);
  }
}

}  // namespace gateway

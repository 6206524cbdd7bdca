#include "tests/interleaving/model_client.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace gateway {

namespace {

using nlohmann::json;

const std::vector<std::string>& versions() {
  static const std::vector<std::string> all = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"};
  return all;
}

const std::vector<std::string>& levels() {
  static const std::vector<std::string> all = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};
  return all;
}

std::size_t level_index(const std::string& level) {
  return static_cast<std::size_t>(std::ranges::find(levels(), level) - levels().begin());
}

json pick_capabilities(Dice& dice, const std::string& version) {
  json capabilities = json::object();
  if (dice.chance(40)) return capabilities;
  if (dice.chance(60)) capabilities["sampling"] = json::object();
  if (dice.chance(50)) capabilities["roots"] = {{"listChanged", true}};
  if (dice.chance(60) && version >= "2025-06-18") capabilities["elicitation"] = json::object();
  return capabilities;
}

}  // namespace

ModelClient::ModelClient(int number, int server, int servers, Dice& dice, Journal& journal, std::uint64_t& next_serial)
    : number_(number),
      server_(server),
      servers_(servers),
      dice_(dice),
      journal_(journal),
      next_serial_(next_serial),
      version_(dice.pick(versions())),
      capabilities_(pick_capabilities(dice, version_)) {}

std::string ModelClient::path() const {
  return server_ == 0 ? "/mcp" : "/mcp/servers/s" + std::to_string(server_);
}

void ModelClient::open(std::unique_ptr<ClientLink> link) {
  link_ = std::move(link);
  const json info = {{"name", "model"}, {"version", "1"}};
  request("initialize", {{"protocolVersion", version_}, {"capabilities", capabilities_}, {"clientInfo", info}});
}

void ModelClient::wrong(const std::string& what) {
  journal_.wrong("c" + std::to_string(number_) + ": " + what);
}

void ModelClient::say(const json& message) {
  if (!here()) return;
  journal_.note("c" + std::to_string(number_) + " > " + message.dump());
  link_->say(*mcp::Message::parse(message.dump()));
}

/// All clients count alike, so that their ids meet wherever they could.
json ModelClient::id_for(std::uint64_t serial) {
  return serial % 3 == 0 ? json("id" + std::to_string(serial)) : json(serial);
}

json ModelClient::make_request(const std::string& method, json params, std::optional<CallTag> tag) {
  const json id = id_for(++last_id_);
  if (tag && dice_.chance(70)) params["_meta"]["progressToken"] = dice_.chance(50) ? id : json("t" + std::to_string(last_id_));
  json message = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  requests_[id.dump()] = {.message = message, .tag = tag};
  return message;
}

void ModelClient::request(const std::string& method, json params, std::optional<CallTag> tag) {
  say(make_request(method, std::move(params), tag));
}

CallTag ModelClient::new_tag() {
  const int server = server_ != 0 ? server_ : static_cast<int>(dice_.below(static_cast<std::size_t>(servers_))) + 1;
  return {number_, ++next_serial_, server};
}

std::string ModelClient::shown(const std::string& name, int server) const {
  return server_ != 0 ? name : "s" + std::to_string(server) + "__" + name;
}

void ModelClient::call_tool() {
  static const std::vector<std::string> tools = {"alpha", "alpha", "beta", "extra", "missing"};
  const CallTag tag = new_tag();
  request("tools/call", {{"name", shown(dice_.pick(tools), tag.server)}, {"arguments", {{"tag", tag.text()}}}}, tag);
}

void ModelClient::get_prompt() {
  const CallTag tag = new_tag();
  request("prompts/get", {{"name", shown("greet", tag.server)}, {"arguments", {{"tag", tag.text()}}}}, tag);
}

void ModelClient::read_resource() {
  const CallTag tag = new_tag();
  request("resources/read", {{"uri", "res://s" + std::to_string(tag.server) + "/item/" + tag.text()}}, tag);
}

void ModelClient::complete() {
  const CallTag tag = new_tag();
  const json ref = {{"type", "ref/prompt"}, {"name", shown("greet", tag.server)}};
  request("completion/complete", {{"ref", ref}, {"argument", {{"name", "tag"}, {"value", tag.text()}}}}, tag);
}

std::string ModelClient::any_uri() {
  const std::string server = std::to_string(new_tag().server);
  return "res://s" + server + (dice_.chance(50) ? "/a" : "/b");
}

void ModelClient::subscribe() {
  const std::string uri = any_uri();
  Interest& interest = interests_[uri];
  if (interest.open++ > 0) interest.unclear = true;
  request(dice_.chance(55) ? "resources/subscribe" : "resources/unsubscribe", {{"uri", uri}});
}

void ModelClient::set_level() {
  ++levels_open_;
  level_ = dice_.below(levels().size());
  request("logging/setLevel", {{"level", levels()[*level_]}});
}

void ModelClient::ping() {
  request(dice_.chance(70) ? "ping" : "no/such/method", json::object());
}

void ModelClient::cancel() {
  std::vector<Request*> open;
  for (auto& [id, request] : requests_) {
    if (!request.answered && !request.cancelled && request.message["method"] != "initialize") open.push_back(&request);
  }
  if (open.empty()) return cancel_bogus();
  Request& request = *dice_.pick(open);
  request.cancelled = true;
  if (request.message["method"] == "logging/setLevel") {
    --levels_open_;
    level_.reset();
  }
  if (request.message["params"].contains("uri") && !request.tag) interests_[request.message["params"]["uri"]].unclear = true;
  say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", request.message["id"]}}}});
}

/// Of another client's request, of one that was answered, or of none.
void ModelClient::cancel_bogus() {
  json id = id_for(dice_.below(200) + last_id_ + 1);
  for (const auto& [text, request] : requests_) {
    if (request.answered && dice_.chance(30)) id = request.message["id"];
  }
  say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}, {"reason", "bogus"}}}});
}

json ModelClient::answer_to(const json& question) {
  json response = {{"jsonrpc", "2.0"}, {"id", question["id"]}};
  const auto tags = QuestionTag::all_in(question.dump());
  const std::string text = tags.empty() ? "untagged" : tags.front().text();
  if (dice_.chance(20)) {
    response["error"] = {{"code", -1}, {"message", "I do not like " + text}};
  } else if (question["method"] == "roots/list") {
    response["result"] = {{"roots", {{{"uri", "file:///" + text}}}}};
  } else if (question["method"] == "elicitation/create") {
    response["result"] = {{"action", "accept"}, {"content", {{"said", text}}}};
  } else {
    response["result"] = {{"role", "assistant"}, {"model", "m"}, {"content", {{"type", "text"}, {"text", text}}}};
  }
  return response;
}

/// One of those that were ever asked: it may have been answered or taken back long ago.
void ModelClient::answer_question() {
  json bogus = {{"jsonrpc", "2.0"}, {"id", 7}, {"result", {{"stolen", QuestionTag{.serial = 0, .connection = 0}.text()}}}};
  if (questions_.empty() || dice_.chance(5)) return say(bogus);
  auto found = std::next(questions_.begin(), static_cast<std::ptrdiff_t>(dice_.below(questions_.size())));
  if (!found->second.open && dice_.chance(70)) return;
  const bool late = !std::exchange(found->second.open, false);
  json response = answer_to(found->second.message);
  if (late) {
    response["result"] = bogus["result"];
    response.erase("error");
  }
  say(response);
}

void ModelClient::progress_question() {
  if (questions_.empty()) return;
  const auto found = std::next(questions_.begin(), static_cast<std::ptrdiff_t>(dice_.below(questions_.size())));
  const json& question = found->second.message;
  const json meta = question["params"].value("_meta", json::object());
  if (!meta.contains("progressToken")) return;
  const auto tags = QuestionTag::all_in(question.dump());
  json params = {{"progressToken", meta["progressToken"]}, {"progress", ++last_id_}};
  if (!tags.empty()) params["message"] = tags.front().text();
  say({{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", params}});
}

/// Answers what another client was asked, with an answer that would give itself away.
void ModelClient::answer_for(ModelClient& other) {
  if (other.questions_.empty()) return;
  const auto& [id, question] = *other.questions_.begin();
  if (questions_.contains(id)) return;
  const std::string stolen = QuestionTag{.serial = 0, .connection = 0}.text();
  say({{"jsonrpc", "2.0"}, {"id", question.message["id"]}, {"result", {{"stolen", stolen}}}});
}

void ModelClient::change_roots() {
  say({{"jsonrpc", "2.0"}, {"method", "notifications/roots/list_changed"}});
}

void ModelClient::batch() {
  if (version_ != "2025-03-26") return call_tool();
  json all = json::array();
  for (int i = 0; i < 3; ++i) {
    const CallTag tag = new_tag();
    json params = {{"name", shown("alpha", tag.server)}, {"arguments", {{"tag", tag.text()}}}};
    all.push_back(make_request("tools/call", std::move(params), tag));
    requests_.at(all.back()["id"].dump()).batched = true;
  }
  journal_.note("c" + std::to_string(number_) + " > " + all.dump());
  if (link_->say_batch(all.dump())) return;
  for (const json& message : all) {
    requests_.at(message["id"].dump()).batched = false;
    say(message);
  }
}

void ModelClient::act(const std::vector<std::unique_ptr<ModelClient>>& others) {
  static constexpr std::array<std::pair<std::size_t, Action>, 14> kActions = {{
      {30, &ModelClient::call_tool},
      {36, &ModelClient::get_prompt},
      {42, &ModelClient::read_resource},
      {46, &ModelClient::complete},
      {54, &ModelClient::subscribe},
      {58, &ModelClient::set_level},
      {61, &ModelClient::list},
      {64, &ModelClient::ping},
      {71, &ModelClient::cancel},
      {74, &ModelClient::cancel_bogus},
      {90, &ModelClient::answer_question},
      {94, &ModelClient::progress_question},
      {96, &ModelClient::change_roots},
      {98, &ModelClient::batch},
  }};
  read();
  if (!here() || !introduced_) return;
  const std::size_t roll = dice_.below(100);
  for (const auto& [limit, action] : kActions) {
    if (roll < limit) return (this->*action)();
  }
  answer_for(*dice_.pick(others));
}

void ModelClient::leave() {
  if (!here()) return;
  journal_.note("c" + std::to_string(number_) + " leaves");
  left_ = true;
  link_->leave();
}

void ModelClient::read() {
  while (!inbox_->arrived.empty()) {
    const std::string text = std::move(inbox_->arrived.front());
    inbox_->arrived.pop_front();
    if (left_) continue;
    journal_.note("c" + std::to_string(number_) + " < " + text);
    const json message = json::parse(text);
    if (!message.is_array()) {
      take(message);
      continue;
    }
    for (const json& each : message)
      take(each);
  }
}

void ModelClient::take(const json& message) {
  check_own(message);
  if (!message.contains("method")) return take_answer(message);
  if (message.contains("id")) return take_question(message);
  take_notification(message);
}

void ModelClient::check_own(const json& message) {
  for (const CallTag& tag : CallTag::all_in(message.dump())) {
    if (tag.client != number_) wrong("what is another client's: " + message.dump());
    if (server_ != 0 && tag.server != server_) wrong("what is another server's: " + message.dump());
  }
}

void ModelClient::take_answer(const json& response) {
  const auto found = requests_.find(response["id"].dump());
  if (found == requests_.end()) return wrong("an answer to nothing asked: " + response.dump());
  Request& request = found->second;
  // What is in a batch may have been answered long before the batch is.
  if (request.cancelled && !request.batched) return wrong("an answer to a cancelled request: " + response.dump());
  if (std::exchange(request.answered, true)) return wrong("a second answer: " + response.dump());
  ++answers_;
  for (const CallTag& tag : CallTag::all_in(response.dump())) {
    if (tag != request.tag) wrong("the answer to another request: " + response.dump());
  }
  const bool good = response.contains("result") && !response["result"].value("isError", false);
  if (good && request.tag && CallTag::all_in(response.dump()).empty()) wrong("not the server's answer: " + response.dump());
  const std::string method = request.message["method"];
  if (good) take_page(request, response["result"]);
  if (method == "initialize") {
    introduced_ = good;
    if (good) say({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
  } else if (method == "logging/setLevel") {
    --levels_open_;
  } else if (method.ends_with("subscribe")) {
    settle_interest(request, good);
  }
}

void ModelClient::settle_interest(const Request& request, bool good) {
  Interest& interest = interests_[request.message["params"]["uri"]];
  --interest.open;
  interest.subscribed = request.message["method"] == "resources/subscribe" ? good || interest.subscribed : false;
  if (!good) interest.unclear = true;
}

bool ModelClient::may_be_asked(const std::string& method) const {
  return (method == "sampling/createMessage" && capabilities_.contains("sampling")) ||
         (method == "elicitation/create" && capabilities_.contains("elicitation")) ||
         (method == "roots/list" && capabilities_.contains("roots"));
}

void ModelClient::take_question(const json& question) {
  if (!may_be_asked(question["method"])) wrong("a question that it did not declare: " + question.dump());
  const json id = question["id"];
  if (!questions_.emplace(id.dump(), Question{.message = question}).second) wrong("a question's id used twice: " + question.dump());
  const json meta = question["params"].value("_meta", json::object());
  if (meta.contains("progressToken") && meta["progressToken"] != id) wrong("a token that is not the gateway's: " + question.dump());
  if (QuestionTag::all_in(question.dump()).size() == 0) wrong("a question of no server's: " + question.dump());
}

void ModelClient::take_notification(const json& notification) {
  const std::string method = notification["method"];
  const json params = notification.value("params", json::object());
  if (method == "notifications/progress") return take_progress(params);
  if (method == "notifications/message") return take_log(params);
  if (method == "notifications/resources/updated") return take_update(params);
  if (method != "notifications/cancelled") return;
  const auto found = questions_.find(params["requestId"].dump());
  if (found == questions_.end()) return wrong("a question that it was never asked is taken back: " + notification.dump());
  found->second.open = false;
}

void ModelClient::take_progress(const json& params) {
  for (auto& [id, request] : requests_) {
    if (request.message["params"].value("_meta", json::object()).value("progressToken", json()) != params["progressToken"])
      continue;
    if (request.answered || request.cancelled) return wrong("progress of a request that is over: " + params.dump());
    if (params["total"] != request.tag->serial + 1000) return wrong("progress of another request: " + params.dump());
    if (params["progress"] <= request.progress) return wrong("progress that does not rise: " + params.dump());
    request.progress = params["progress"];
    return;
  }
  wrong("progress of nothing asked: " + params.dump());
}

void ModelClient::take_log(const json& params) {
  if (level_ && levels_open_ == 0 && level_index(params["level"]) < *level_) wrong("a line below its level: " + params.dump());
}

void ModelClient::take_update(const json& params) {
  const std::string uri = params["uri"];
  for (const auto& [subscribed, interest] : interests_) {
    const bool of_it = uri == subscribed || uri.starts_with(subscribed + "/");
    if (of_it && (interest.subscribed || interest.unclear || interest.open > 0)) return;
  }
  wrong("an update of what it is not subscribed to: " + params.dump());
}

void ModelClient::check_answered() {
  read();
  if (!here()) return;
  for (const auto& [id, request] : requests_) {
    if (!request.answered && !request.cancelled) wrong("never answered: " + request.message.dump());
  }
}

}  // namespace gateway

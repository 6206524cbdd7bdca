// What is passed to servers besides calls of tools: prompts, resources and completions, and where they lead.
#include <algorithm>
#include <utility>

#include "gateway/catalog/qualified_uri.h"
#include "gateway/routing/resource_answer.h"
#include "gateway/routing/router.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::CallContext;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kShown = 200;  // bytes of a name or URI in a message

/// Longer texts may be shortened for people.
std::string shown(std::string_view name) {
  return "\"" + std::string(name.substr(0, kShown)) + "\"";
}

/// A string's value, "" for anything else.
bool has_capability(const Runtime& runtime, std::string_view capability) {
  return runtime.introduction() && mcp::declares(runtime.introduction()->capabilities, capability);
}

/// May the server know completion/complete? The first revision had no capability for it.
bool may_complete(const Runtime& runtime) {
  const auto& introduction = runtime.introduction();
  return !introduction || introduction->version == mcp::ProtocolVersion::v2024_11_05 || has_capability(runtime, "completions");
}

bool is_unknown_method(const Message& answer) {
  return answer.is_error() && mcp::member(answer.raw(answer.envelope().error), "code") == std::to_string(mcp::kMethodNotFound);
}

constexpr std::string_view kNoCompletion = R"({"completion":{"values":[],"total":0,"hasMore":false}})";

}  // namespace

std::unexpected<Error> Router::refuse(std::string_view method, Error error, const ServerName& server) const {
  context_.metrics->record_request(server, method, to_string(error.code));
  return std::unexpected(std::move(error));
}

void Router::record(std::string_view method, const ServerName& server, const Result<Message>& answer) const {
  const std::string_view outcome = !answer ? to_string(answer.error().code) : answer->is_error() ? "rpc_error" : "ok";
  context_.metrics->record_request(server, method, outcome);
}

Task<Result<Message>> Router::pass(std::shared_ptr<Runtime> runtime, Message request, CallContext& context, std::string what) {
  context.deadline = Clock::now() + runtime->spec().call_timeout;
  const std::string method(request.method());
  const ServerName server = runtime->spec().name;
  auto answer = co_await runtime->handle(std::move(request), context);
  record(method, server, answer);
  if (answer) co_return std::move(*answer);
  Error error = std::move(answer).error();
  // Where the server was not even asked, the message begins with it already.
  if (!context.cancellation().requested() && !error.message.starts_with("server \"")) {
    error.message = what + " of server \"" + server.str() + "\" failed: " + error.message;
  }
  co_return std::unexpected(std::move(error));
}

Task<Result<Route>> Router::find_prompt(std::string_view method, std::string name, CallContext& context) {
  auto projection = view_->projection();
  const Route* route = projection->prompts().find(name);
  if (route == nullptr) {
    // The client may know the name from an earlier life of ours, and its server may just be starting.
    co_await wait_for_first_start(context);
    if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
    projection = view_->projection();
    route = projection->prompts().find(name);
  }
  if (route != nullptr) co_return *route;
  if (auto absence = explain_absence(name, "prompt " + shown(name))) {
    co_return refuse(method, std::move(absence->error), absence->server);
  }
  const std::string near = projection->prompts().nearest(name);
  std::string remedy = near.empty() ? "" : "Did you mean \"" + near + "\"? ";
  remedy += "See prompts/list for those there are.";
  Error unknown{ErrorCode::unknown_prompt, "there is no prompt " + shown(name), std::move(remedy)};
  co_return refuse(method, std::move(unknown));
}

Task<Result<Message>> Router::get_prompt(Message request, CallContext& context) {
  if (request.name().empty()) co_return fail(ErrorCode::invalid_params, "prompts/get needs params.name, a string");
  std::string name(request.name());
  const auto route = co_await find_prompt("prompts/get", std::move(name), context);
  if (!route) co_return std::unexpected(route.error());
  const std::string own = mcp::json_string(route->own_name.str());
  if (route->callable.str() != route->own_name.str()) request.replace(&mcp::Envelope::name, own);
  std::string what = "getting prompt " + shown(route->own_name.str());
  co_return co_await pass(route->runtime, std::move(request), context, std::move(what));
}

std::vector<ResourceTarget> Router::resource_targets(const std::string& uri) const {
  const auto projection = view_->projection();
  std::vector<ResourceTarget> targets;
  if (auto target = projection->resources().find(uri)) {
    targets.push_back(std::move(*target));
  } else if (view_->members().size() == 1 && (view_->naming().own_names || !is_qualified(uri))) {
    // Who has one server alone asks that server.
    const auto& only = view_->members().front();
    if (!only->introduction() || has_capability(*only, "resources")) targets.push_back({only, uri});
  } else {
    for (auto& runtime : projection->resources().likely(uri))
      targets.push_back({std::move(runtime), uri});
  }
  return targets;
}

Task<std::vector<ResourceTarget>> Router::find_resource(std::string uri, CallContext& context) {
  if (!view_->projection()->resources().find(uri)) co_await wait_for_first_start(context);
  if (context.cancellation().requested()) co_return std::vector<ResourceTarget>();
  co_return resource_targets(uri);
}

const AbsentServer* Router::absent_in(const std::string& uri) const {
  const auto named = parse_qualified_uri(uri);
  if (!named) return nullptr;
  const auto found = std::ranges::find(view_->absent(), named->server, &AbsentServer::name);
  return found == view_->absent().end() ? nullptr : &*found;
}

Error Router::unknown_resource(const std::string& uri) const {
  Error error{ErrorCode::unknown_resource, "there is no resource " + shown(uri)};
  if (const AbsentServer* absent = absent_in(uri)) error.message += ": " + absent->why.message;
  std::string servers, not_ready;
  const auto add = [](std::string& list, const char* introduction, const Runtime& member) {
    if (list.size() < kShown) list += (list.empty() ? introduction : ", ") + member.spec().name.str();
  };
  for (const auto& member : view_->members()) {
    if (has_capability(*member, "resources")) add(servers, " SERVER is one of: ", *member);
    if (!member->serves()) add(not_ready, " Not ready just now: ", *member);
  }
  error.remedy =
      "See resources/list and resources/templates/list for those there are. To ask one server for a URI that it does not "
      "list, read switchyard://SERVER/URI.";
  for (const std::string& list : {servers, not_ready}) {
    if (!list.empty()) error.remedy += list + ".";
  }
  error.data = R"({"uri":)" + mcp::json_string(uri) + R"(,"reason":)" + mcp::json_string(to_string(error.code)) + R"(,"remedy":)" +
               mcp::json_string(error.remedy) + "}";
  return error;
}

Task<Result<Message>> Router::read_resource(Message request, CallContext& context) {
  const std::string uri = mcp::decode_json_string(request.raw(request.envelope().uri));
  if (uri.empty()) co_return fail(ErrorCode::invalid_params, "resources/read needs params.uri, a string");
  const auto targets = co_await find_resource(uri, context);
  if (targets.size() == 1) co_return co_await read_from(targets.front(), uri, std::move(request), context);
  std::string failures;
  for (const ResourceTarget& target : targets) {
    Message copy = request.clone();
    auto answer = co_await read_from(target, uri, std::move(copy), context);
    if (context.cancellation().requested()) co_return answer;
    if (answer && !answer->is_error() && has_contents(answer->raw(answer->envelope().result))) co_return answer;
    if (!answer) failures += "; " + answer.error().message;
  }
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  Error unknown = unknown_resource(uri);
  if (!failures.empty()) unknown.message += ", or none that can be had now" + failures;
  co_return refuse("resources/read", std::move(unknown));
}

Task<Result<Message>> Router::read_from(const ResourceTarget& target,
                                        const std::string& uri,
                                        Message request,
                                        CallContext& context) {
  const bool qualified = target.uri != uri;
  const std::string own = mcp::json_string(target.uri);
  if (qualified) request.replace(&mcp::Envelope::uri, own);
  std::string what = "reading " + shown(target.uri);
  auto answer = co_await pass(target.runtime, std::move(request), context, std::move(what));
  if (!qualified || !answer || answer->is_error()) co_return answer;
  const std::string_view result = answer->raw(answer->envelope().result);
  const std::string renamed = with_qualified_contents(result, target.runtime->spec().name, target.uri, uri);
  answer->replace(&mcp::Envelope::result, renamed);
  co_return answer;
}

Task<Result<Message>> Router::complete(Message request, CallContext& context) {
  const std::string type = mcp::string_member(request.raw(request.envelope().ref), "type");
  if (type == "ref/prompt") return complete_prompt(std::move(request), context);
  return complete_resource(std::move(request), context);
}

Task<Result<Message>> Router::complete_prompt(Message request, CallContext& context) {
  const std::string ref(request.raw(request.envelope().ref));
  const std::string name = mcp::string_member(ref, "name");
  if (name.empty()) co_return fail(ErrorCode::invalid_params, "completion/complete needs params.ref.name, a string");
  const auto route = co_await find_prompt("completion/complete", name, context);
  if (!route) co_return std::unexpected(route.error());
  const std::string own = with_member(ref, "name", route->own_name.str());
  if (route->own_name.str() != name) request.replace(&mcp::Envelope::ref, own);
  co_return co_await complete_at(route->runtime, std::move(request), context);
}

Task<Result<Message>> Router::complete_resource(Message request, CallContext& context) {
  const std::string ref(request.raw(request.envelope().ref));
  const std::string uri = mcp::string_member(ref, "uri");
  if (uri.empty() || mcp::string_member(ref, "type") != "ref/resource") {
    co_return fail(ErrorCode::invalid_params,
                   "completion/complete needs params.ref: {\"type\":\"ref/prompt\",\"name\":…} or "
                   "{\"type\":\"ref/resource\",\"uri\":…}");
  }
  auto target = view_->projection()->resources().find_template(uri);
  if (!target) {
    auto targets = co_await find_resource(uri, context);
    target = view_->projection()->resources().find_template(uri);
    if (!target && !targets.empty()) target = std::move(targets.front());
  }
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (!target) {
    Error error{ErrorCode::invalid_params,
                "there is no resource or resource template " + shown(uri),
                "See resources/templates/list and resources/list for those there are."};
    co_return refuse("completion/complete", std::move(error));
  }
  const std::string own = with_member(ref, "uri", target->uri);
  if (target->uri != uri) request.replace(&mcp::Envelope::ref, own);
  co_return co_await complete_at(target->runtime, std::move(request), context);
}

Task<Result<Message>> Router::complete_at(std::shared_ptr<Runtime> runtime, Message request, CallContext& context) {
  const std::string id(request.id());
  if (!may_complete(*runtime)) co_return Message::result(id, kNoCompletion);
  std::string what = "completing an argument";
  auto answer = co_await pass(std::move(runtime), std::move(request), context, std::move(what));
  if (answer && is_unknown_method(*answer)) co_return Message::result(id, kNoCompletion);
  co_return answer;
}

}  // namespace gateway

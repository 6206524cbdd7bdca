#include "gateway/inspect/probe_http.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/inspect/endpoint_client.h"
#include "gateway/inspect/rules.h"

namespace gateway {

using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

using Headers = EndpointClient::Headers;

constexpr int kAccepted = 202, kBadRequest = 400, kNotFound = 404, kMethodNotAllowed = 405;
constexpr std::size_t kShortSession = 16;  // characters; what is shorter is soon guessed

std::string status_text(const Result<HttpAnswer>& answer) {
  return answer ? "HTTP " + std::to_string(answer->status) : answer.error().message;
}

class HttpProbe {
 public:
  HttpProbe(ProbeContext& context, EndpointClient& endpoint)
      : findings_(context.inspection.findings), context_(context), endpoint_(endpoint) {}

  Task<void> run() {
    context_.on_step("before the handshake");
    co_await ask_early();
    context_.on_step("another revision");
    co_await ask_for_revision();
    context_.on_step("a foreign origin");
    if (endpoint_.is_local()) co_await ask_from_elsewhere();
    context_.on_step("sessions");
    const bool begun = co_await begin();
    if (!begun) co_return;
    co_await ask_without_session();
    co_await ask_with_unknown_session();
    if (context_.inspection.revision >= mcp::ProtocolVersion::v2025_06_18) co_await ask_with_unknown_revision();
    co_await get();
    co_await end();
  }

 private:
  /// Of our session.
  Headers headers() const {
    Headers all = {{"MCP-Protocol-Version", std::string(to_string(context_.inspection.revision))}};
    if (!session_.empty()) all.emplace_back("Mcp-Session-Id", session_);
    return all;
  }

  Task<Result<HttpAnswer>> post_ping(Headers headers) {
    const Message ping = Message::request(std::to_string(++last_id_), "ping", "");
    co_return co_await endpoint_.post(ping, headers);
  }

  /// Opens a session as initialize does; ended again at once where it is not to be kept.
  Task<Result<HttpAnswer>> initialize(std::string_view revision, Headers headers) {
    const std::string params = initialize_params(revision);
    const Message request = Message::request(std::to_string(++last_id_), "initialize", params);
    co_return co_await endpoint_.post(request, headers);
  }

  Task<void> forget(std::string session) {
    if (session.empty()) co_return;
    const Headers headers = {{"Mcp-Session-Id", session}};
    co_await endpoint_.ask("DELETE", headers);
  }

  Task<void> ask_early() {
    const Message request = Message::request(std::to_string(++last_id_), "tools/list", "");
    const Headers none;
    const auto answer = co_await endpoint_.post(request, none);
    const bool served = answer && answer->ok() && answer->message && !answer->message->is_error();
    if (served) findings_.add(rules::kEarlyAnswer, "it answers tools/list before initialize");
  }

  Task<void> ask_for_revision() {
    Headers none;
    auto answer = co_await initialize(kNoRevision, std::move(none));
    if (answer && answer->message) {
      judge_revision_answer(findings_, *answer->message);
    } else {
      findings_.add(rules::kRefusedRevision, "asked for revision " + std::string(kNoRevision) + ": " + status_text(answer));
    }
    if (answer) co_await forget(answer->session);
  }

  Task<void> ask_from_elsewhere() {
    Headers foreign = {{"Origin", "http://attacker.example"}};
    const std::string_view revision = to_string(context_.inspection.revision);
    auto answer = co_await initialize(revision, std::move(foreign));
    if (!answer) co_return;
    if (answer->ok() && !(answer->message && answer->message->is_error()))
      findings_.add(rules::kOrigin, "initialize from http://attacker.example is answered with " + status_text(answer));
    co_await forget(answer->session);
  }

  Task<bool> begin() {
    Headers none;
    const std::string_view revision = to_string(context_.inspection.revision);
    const auto answer = co_await initialize(revision, std::move(none));
    if (!answer || !answer->ok()) co_return false;
    session_ = answer->session;
    judge_session_id(findings_, session_);
    const Message notice = Message::notification("notifications/initialized", "");
    const Headers own = headers();
    const auto noticed = co_await endpoint_.post(notice, own);
    if (!noticed || noticed->status != kAccepted) {
      findings_.add(rules::kNotificationStatus, "notifications/initialized is answered with " + status_text(noticed));
    }
    co_return true;
  }

  Task<void> ask_without_session() {
    if (session_.empty()) co_return;
    Headers bare = {{"MCP-Protocol-Version", std::string(to_string(context_.inspection.revision))}};
    const auto answer = co_await post_ping(std::move(bare));
    if (answer && answer->ok()) {
      findings_.add(rules::kSessionMissing, "a ping without Mcp-Session-Id is answered with " + status_text(answer));
    }
  }

  Task<void> ask_with_unknown_session() {
    if (session_.empty()) co_return;
    Headers wrong = {{"MCP-Protocol-Version", std::string(to_string(context_.inspection.revision))},
                     {"Mcp-Session-Id", "00000000-0000-4000-8000-switchyard0"}};
    const auto answer = co_await post_ping(std::move(wrong));
    if (answer && answer->status != kNotFound) {
      findings_.add(rules::kSessionUnknown, "a ping with an unknown Mcp-Session-Id is answered with " + status_text(answer));
    }
  }

  Task<void> ask_with_unknown_revision() {
    Headers wrong = {{"MCP-Protocol-Version", std::string(kNoRevision)}};
    if (!session_.empty()) wrong.emplace_back("Mcp-Session-Id", session_);
    const auto answer = co_await post_ping(std::move(wrong));
    if (answer && answer->status != kBadRequest) {
      findings_.add(rules::kVersionHeader,
                    "a ping with MCP-Protocol-Version " + std::string(kNoRevision) + " is answered with " + status_text(answer));
    }
  }

  Task<void> get() {
    const Headers own = headers();
    const auto answer = co_await endpoint_.ask("GET", own);
    const bool stream = answer && answer->status == 200 && answer->content_type == "text/event-stream";
    const bool refused = answer && answer->status == kMethodNotAllowed;
    if (stream || refused) co_return;
    std::string seen = "GET is answered with " + status_text(answer);
    if (answer && !answer->content_type.empty()) seen += " and " + answer->content_type;
    findings_.add(rules::kGetAnswer, std::move(seen));
  }

  Task<void> end() {
    if (session_.empty()) co_return;
    const Headers own = headers();
    const auto ended = co_await endpoint_.ask("DELETE", own);
    if (!ended || (!ended->ok() && ended->status != kMethodNotAllowed)) {
      findings_.add(rules::kDeleteAnswer, "DELETE is answered with " + status_text(ended));
    }
    if (!ended || !ended->ok()) co_return;
    const auto answer = co_await post_ping(own);
    if (answer && answer->ok()) findings_.add(rules::kDeletedAlive, "a ping after DELETE is answered with " + status_text(answer));
  }

  Findings& findings_;
  ProbeContext& context_;
  EndpointClient& endpoint_;
  std::string session_;
  int last_id_ = 0;
};

}  // namespace

void judge_session_id(Findings& findings, const std::string& session) {
  if (session.empty()) return;
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(session, visible)) {
    findings.add(rules::kSessionId, "the session id has other characters");
  } else if (session.size() < kShortSession) {
    findings.add(rules::kSessionIdWeak, "the session id has " + std::to_string(session.size()) + " characters");
  }
}

Task<void> probe_http(ProbeContext& context, const HttpSpec& spec) {
  auto endpoint = EndpointClient::create(context.executor, spec, context.patience, context.proxy);
  if (!endpoint) co_return;
  HttpProbe probe(context, **endpoint);
  co_await probe.run();
  (*endpoint)->close();
}

}  // namespace gateway

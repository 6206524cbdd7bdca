#include "gateway/inspect/probe_session.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/inspect/rules.h"
#include "gateway/upstream/deadline.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::member;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr auto kSlowStart = std::chrono::seconds(10);
constexpr auto kSlowAnswer = std::chrono::seconds(2);
constexpr std::size_t kMostPages = 100, kMostItems = 10'000, kMostBytes = std::size_t{32} << 20;
constexpr auto kCloseGrace = std::chrono::seconds(2);
constexpr std::string_view kNoMethod = "switchyard/no-such-method";
constexpr std::size_t kShownError = 300;

Milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

std::string error_text(const Message& answer) {
  const std::string_view error = answer.raw(answer.envelope().error);
  return "error " + std::string(member(error, "code")) + " \"" +
         mcp::decode_json_string(member(error, "message")).substr(0, kShownError) + "\"";
}

/// Asks for one list, page by page.
class ListReader {
 public:
  ListReader(ProbeContext& context, OfferList& list, std::string array)
      : context_(context), list_(list), array_(std::move(array)) {}

  /// True where there is another page; its cursor is then cursor().
  bool take(const Message& page) {
    const std::string_view result = page.raw(page.envelope().result), items = member(result, array_);
    ++list_.pages;
    if (!items.starts_with('[')) return malformed("the result has no array \"" + array_ + "\"");
    for (const std::string_view item : mcp::elements(items)) {
      if (!item.starts_with('{')) return malformed("an item that is no object");
      list_.bytes += item.size();
      if (list_.items.size() >= kMostItems || list_.bytes > kMostBytes) return too_long();
      list_.items.emplace_back(item);
    }
    const std::string_view cursor = member(result, "nextCursor");
    if (cursor.empty() || cursor == "null") return false;
    if (!cursor.starts_with('"')) return malformed("nextCursor is no string");
    if (!seen_.insert(std::string(cursor)).second) {
      context_.inspection.findings.add(rules::kCursorRepeats, list_.method + " gives the same cursor twice");
      return false;
    }
    cursor_ = cursor;
    return list_.pages < kMostPages || too_long();
  }

  std::string params() const { return cursor_.empty() ? "" : "{\"cursor\":" + cursor_ + "}"; }

 private:
  /// Who answers methods that are not there with a result is found out by another.
  bool malformed(const std::string& what) {
    if (list_.declared) context_.inspection.findings.add(rules::kListShape, list_.method + ": " + what);
    return false;
  }

  bool too_long() {
    context_.inspection.findings.add(rules::kListTooLong,
                                     list_.method + " went on after " + std::to_string(list_.items.size()) + " items");
    return false;
  }

  ProbeContext& context_;
  OfferList& list_;
  std::string array_;
  std::string cursor_;  // JSON text
  std::set<std::string> seen_;
};

class SessionProbe {
 public:
  SessionProbe(ProbeContext& context, std::shared_ptr<mcp::Transport> transport) : context_(context) {
    mcp::ClientSessionOptions options;
    options.client_name = "switchyard inspect";
    options.client_version = SWITCHYARD_VERSION;
    options.on_incoming = [this](const Message& message, std::string&) {
      const bool question = message.kind() == mcp::MessageKind::request && message.method() != "ping";
      if (question) {
        const std::string method(message.method().substr(0, kShownError));
        context_.inspection.findings.add(rules::kAsksUnoffered, "the server sent " + method);
      }
      return true;
    };
    session_ = mcp::ClientSession::create(context.executor, std::move(transport), std::move(options));
  }

  Task<void> close() { co_await session_->close(kCloseGrace); }

  Task<Result<>> shake_hands(Milliseconds startup) {
    mcp::Cancellation cancellation;
    const auto late = [startup, this] {
      const bool program = context_.inspection.transport == "stdio";
      return mcp::Error{ErrorCode::timeout,
                        context_.redaction.clean(context_.inspection.target) + " does not answer initialize within " +
                            std::to_string(startup.count() / 1000) + " s",
                        program ? "Is it an MCP server, and told to use stdio? If it has to be downloaded first, run the command "
                                  "once by hand."
                                : "Is it the URL of an MCP endpoint?"};
    };
    const Deadline deadline(context_.executor, startup, late, cancellation);
    context_.on_step("starting");
    const auto begin = Clock::now();
    if (auto opened = co_await session_->open(); !opened) co_return std::unexpected(opened.error());
    note_time("start", since(begin), kSlowStart);
    context_.on_step("shaking hands");
    const auto opened_at = Clock::now();
    auto introduction = co_await session_->initialize(cancellation);
    if (!introduction) co_return std::unexpected(introduction.error());
    note_time("handshake", since(opened_at), kSlowStart);
    keep(*introduction);
    co_return Result<>();
  }

  Task<void> read_lists() {
    Inspection& inspection = context_.inspection;
    co_await read_list(inspection.tools, "tools", "tools");
    co_await read_list(inspection.prompts, "prompts", "prompts");
    co_await read_list(inspection.resources, "resources", "resources");
    co_await read_list(inspection.templates, "resources", "resourceTemplates");
    for (const OfferList* list : {&inspection.tools, &inspection.prompts, &inspection.resources}) {
      if (!list->declared || list->error || list->pages < 2) continue;
      co_await try_cursor(*list);
      break;
    }
  }

  Task<void> ping() {
    context_.on_step("ping");
    const auto begin = Clock::now();
    const auto answer = co_await ask("ping", "");
    if (!answer) {
      context_.inspection.findings.add(rules::kPing, "a ping was not answered: " + answer.error().message);
    } else if (answer->is_error()) {
      context_.inspection.findings.add(rules::kPing, "a ping was answered with " + error_text(*answer));
    } else {
      note_time("ping", since(begin), kSlowAnswer);
    }
  }

  Task<void> ask_nonsense() {
    context_.on_step(std::string(kNoMethod));
    const auto answer = co_await ask(kNoMethod, "{}");
    Findings& findings = context_.inspection.findings;
    if (!answer) {
      findings.add(rules::kUnknownSilence, "a method that does not exist: " + answer.error().message);
    } else if (!answer->is_error()) {
      findings.add(rules::kUnknownResult, "a method that does not exist was answered with a result");
    } else if (!is_unknown_method(*answer)) {
      findings.add(rules::kUnknownCode, "a method that does not exist was answered with " + error_text(*answer));
    }
  }

 private:
  void keep(const mcp::ServerIntroduction& introduction) {
    Inspection& inspection = context_.inspection;
    inspection.revision = introduction.version;
    inspection.server_info = introduction.server_info;
    inspection.capabilities = introduction.capabilities;
    inspection.instructions = introduction.instructions;
    for (const std::string_view name : {"name", "version"}) {
      if (!member(introduction.server_info, name).starts_with('"')) {
        inspection.findings.add(rules::kServerInfo, "serverInfo has no " + std::string(name));
      }
    }
  }

  void note_time(const std::string& what, Milliseconds took, Milliseconds slow) {
    context_.inspection.timings.push_back({what, took});
    if (took > slow) context_.inspection.findings.add(rules::kSlow, what + " took " + std::to_string(took.count()) + " ms");
  }

  Task<Result<Message>> ask(std::string_view method, std::string_view params) {
    mcp::Cancellation cancellation;
    const auto late = [patience = context_.patience] {
      return mcp::Error{ErrorCode::timeout, "no answer within " + std::to_string(patience.count()) + " ms"};
    };
    const Deadline deadline(context_.executor, context_.patience, late, cancellation);
    co_return co_await session_->call(method, params, cancellation);
  }

  Task<void> read_list(OfferList& list, std::string_view capability, std::string_view array) {
    list.declared = member(context_.inspection.capabilities, capability).starts_with('{');
    context_.on_step(list.method);
    ListReader reader(context_, list, std::string(array));
    const auto begin = Clock::now();
    for (bool more = true; more;) {
      const std::string params = reader.params();
      const auto page = co_await ask(list.method, params);
      if (!page || page->is_error()) {
        const std::string why = page ? error_text(*page) : page.error().message;
        const bool there = page && is_unknown_method(*page);
        list_failed(list, why, there);
        co_return;
      }
      more = reader.take(*page);
    }
    note_time(list.method, since(begin), kSlowAnswer);
    if (!list.declared && !list.items.empty()) {
      context_.inspection.findings.add(rules::kUndeclared,
                                       list.method + " has " + std::to_string(list.items.size()) + " items; \"" +
                                           std::string(capability) + "\" is not declared");
    }
  }

  void list_failed(OfferList& list, const std::string& why, bool unknown_method) {
    list.error = mcp::Error{ErrorCode::not_mcp, list.method + ": " + context_.redaction.clean(why)};
    const bool templates = list.method == "resources/templates/list";
    if (list.declared && !(templates && unknown_method)) context_.inspection.findings.add(rules::kListFails, list.error->message);
    if (list.declared && templates && unknown_method) context_.inspection.findings.add(rules::kNoTemplates, list.error->message);
  }

  Task<void> try_cursor(const OfferList& list) {
    const auto answer = co_await ask(list.method, R"({"cursor":"switchyard-no-such-cursor"})");
    if (answer && !answer->is_error()) {
      context_.inspection.findings.add(rules::kCursorAccepted, list.method + " took a cursor that it did not make");
    }
  }

  ProbeContext& context_;
  std::shared_ptr<mcp::ClientSession> session_;
};

}  // namespace

bool is_unknown_method(const Message& answer) {
  return answer.is_error() && member(answer.raw(answer.envelope().error), "code") == std::to_string(mcp::kMethodNotFound);
}

std::string initialize_params(std::string_view revision) {
  return R"({"protocolVersion":)" + mcp::json_string(revision) +
         R"(,"capabilities":{},"clientInfo":{"name":"switchyard inspect","version":")" SWITCHYARD_VERSION R"("}})";
}

void judge_revision_answer(Findings& findings, const Message& answer) {
  if (answer.is_error()) {
    findings.add(rules::kRefusedRevision, "asked for revision " + std::string(kNoRevision) + ", it answered " + error_text(answer));
    return;
  }
  const std::string_view version = member(answer.raw(answer.envelope().result), "protocolVersion");
  if (mcp::decode_json_string(version) == kNoRevision) {
    findings.add(rules::kEchoedRevision, "asked for revision " + std::string(kNoRevision) + ", it says that it speaks it");
  }
}

Task<Result<>> probe_session(ProbeContext& context, std::shared_ptr<mcp::Transport> transport, Milliseconds startup) {
  SessionProbe probe(context, std::move(transport));
  auto reached = co_await probe.shake_hands(startup);
  if (reached) {
    co_await probe.read_lists();
    co_await probe.ping();
    co_await probe.ask_nonsense();
  }
  co_await probe.close();
  if (!reached) co_return std::unexpected(context.redaction.clean(std::move(reached).error()));
  co_return Result<>();
}

}  // namespace gateway

#include "gateway/routing/router.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/routing/introduction.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/client_session.h"

namespace gateway {

using mcp::CallContext;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kReadingTime = std::chrono::minutes(1);   // from one page of a list to the next
constexpr auto kExploreAgain = std::chrono::seconds(2);  // that a list waits for it once the client's first lists are over

Task<void> settled(std::shared_ptr<View> view, std::chrono::steady_clock::time_point deadline) {
  co_await view->wait_settled(deadline);
}

Task<void> listable(std::shared_ptr<View> view, std::chrono::steady_clock::time_point deadline) {
  co_await view->wait_listable(deadline);
}

Task<void> tell(Task<void> happening, std::shared_ptr<mcp::Event> over) {
  co_await std::move(happening);
  over->set();
}

}  // namespace

Router::Router(RouterContext context, std::shared_ptr<View> view)
    : context_(std::move(context)), view_(view), subscription_(std::move(view), *this) {}

Router::Method Router::find_method(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Method>, 17> kMethods = {{
      {"tools/call", &Router::call_tool},
      {"tools/list", &Router::list<CatalogKind::tools>},
      {"prompts/get", &Router::get_prompt},
      {"prompts/list", &Router::list<CatalogKind::prompts>},
      {"resources/read", &Router::read_resource},
      {"resources/list", &Router::list<CatalogKind::resources>},
      {"resources/templates/list", &Router::list<CatalogKind::templates>},
      {"completion/complete", &Router::complete},
      {"resources/subscribe", &Router::subscribe},
      {"resources/unsubscribe", &Router::unsubscribe},
      {"logging/setLevel", &Router::set_level},
      {"tasks/get", &Router::get_task},
      {"tasks/result", &Router::get_task_result},
      {"tasks/cancel", &Router::cancel_task},
      {"tasks/list", &Router::list_tasks},
      {"ping", &Router::ping},
      {"initialize", &Router::initialize},
  }};
  for (const auto& [known, method] : kMethods) {
    if (known == name) return method;
  }
  return &Router::unsupported;
}

Task<Result<Message>> Router::handle(Message request, CallContext& context) {
  if (view_->closed()) return refuse_closed(std::move(request), context);
  const Method method = find_method(request.method());
  return (this->*method)(std::move(request), context);
}

Task<Result<Message>> Router::refuse_closed(Message request, CallContext& context) {
  if (request.method() == "ping") return ping(std::move(request), context);
  return failure(*view_->closed());
}

Task<Result<Message>> Router::failure(mcp::Error error) {
  co_return std::unexpected(std::move(error));
}

Task<Result<Message>> Router::initialize(Message request, CallContext& context) {
  if (const std::string instance = mcp::instance_of(request); !instance.empty() && instance == context_.instance) {
    co_return fail(ErrorCode::config_invalid,
                   "this is the very gateway that asks: one of its servers is the gateway itself",
                   "Take that server out of the configuration.");
  }
  const auto version = context.caller().version;
  const auto answers = [](std::string_view method) { return find_method(method) != &Router::unsupported; };
  const Carried carried{.subscribe = answers("resources/subscribe"), .logging = answers("logging/setLevel")};
  if (!view_->naming().own_names) {
    co_await wait_for_lists(context, Clock::now() + context_.introduction_wait);
    const std::string result = merged_introduction(version, *view_, carried);
    co_return Message::result(request.id(), result);
  }
  // One server shown as it is: what it says of itself comes from the server, or is known from before.
  co_await wait_for_lists(context, Clock::now() + context_.limits->startup_wait);
  if (view_->closed()) co_return std::unexpected(*view_->closed());
  const auto runtime = view_->members().front();
  const auto& introduction = runtime->introduction();
  // Who comes before anybody has logged in finds the server's tools after the login, by list_changed.
  if (!introduction && runtime->missing_login()) {
    const std::string ours = merged_introduction(version, *view_, carried);
    co_return Message::result(request.id(), ours);
  }
  if (!introduction) co_return std::unexpected(runtime->unavailable());
  const std::string result = own_introduction(version, *introduction, carried);
  co_return Message::result(request.id(), result);
}

Task<Result<Message>> Router::ping(Message request, CallContext&) {
  co_return Message::result(request.id(), "{}");
}

Task<Result<Message>> Router::unsupported(Message request, CallContext&) {
  const std::string method(request.method().substr(0, 80));
  co_return fail(ErrorCode::method_not_found, "there is no method \"" + method + "\" in the revisions of MCP spoken here");
}

Task<void> Router::wait_for_first_start(CallContext& context) {
  if (view_->settled()) co_return;
  auto happening = settled(view_, Clock::now() + context_.limits->startup_wait);
  co_await wait_for(std::move(happening), context);
}

Task<void> Router::wait_for_lists(CallContext& context, Clock::time_point deadline) {
  if (view_->listable()) co_return;
  auto happening = listable(view_, deadline);
  co_await wait_for(std::move(happening), context);
}

Task<void> Router::wait_for(Task<void> happening, CallContext& context) {
  auto over = std::make_shared<mcp::Event>(context_.executor);
  boost::asio::co_spawn(context_.executor, tell(std::move(happening), over), boost::asio::detached);
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&over] { over->set(); });
  co_await over->wait();
}

Task<void> Router::explore(CallContext& context, Clock::time_point deadline) {
  const auto peer = context.peer();
  if (!peer || context.caller().capabilities == "{}") co_return;
  // One of the client's own shows it all there is, to everybody.
  Errand errand = [peer](const std::shared_ptr<Runtime>& holder) {
    return holder->is_own() ? mcp::done() : holder->clients().explore(peer);
  };
  co_await for_each_ready(std::move(errand), context, deadline);
}

Task<void> Router::for_each_ready(Errand errand, CallContext& context, Clock::time_point deadline) {
  struct Progress {
    explicit Progress(const mcp::Executor& executor) : done(executor) {}

    mcp::Event done;
    std::size_t left = 0;
  };
  const auto progress = std::make_shared<Progress>(context_.executor);
  for (const auto& member : view_->members()) {
    const auto holder = member->held_by(client_);
    if (!holder || holder->state() != RuntimeState::ready) continue;
    ++progress->left;
    auto ended = [progress](const std::exception_ptr&) {
      if (--progress->left == 0) progress->done.set();
    };
    boost::asio::co_spawn(context_.executor, errand(holder), std::move(ended));
  }
  if (progress->left == 0) co_return;
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&progress] { progress->done.set(); });
  co_await progress->done.wait_until(deadline);
}

template <CatalogKind kind>
Task<Result<Message>> Router::list(Message request, CallContext& context) {
  constexpr auto kIndex = static_cast<std::size_t>(kind);
  if (!list_deadline_) list_deadline_ = Clock::now() + context_.limits->startup_wait;
  if (!listed_[kIndex]) {
    listed_.set(kIndex);
    co_await wait_for_lists(context, *list_deadline_);
  }
  // What is found later is told as a change of the list.
  const auto patience = std::max(*list_deadline_, Clock::now() + kExploreAgain);
  if constexpr (kind == CatalogKind::tools) co_await explore(context, patience);
  const std::string_view written = request.raw(request.envelope().cursor);
  const std::string_view cursor = written == "null" ? std::string_view() : written;  // some clients write out what they have not
  if (!cursor.empty() && cursor.front() != '"') co_return fail(ErrorCode::invalid_params, "params.cursor must be a string");
  const std::string decoded = mcp::decode_json_string(cursor);
  auto& reading = reading_[kIndex];
  const auto projection = !cursor.empty() && reading.list ? reading.list : view_->projection();
  const auto hidden = kind == CatalogKind::tools ? projection->tools().hidden_from(context.caller()) : std::vector<std::size_t>();
  const auto page = projection->list(kind).page(decoded, context_.limits->list_page_size, hidden);
  if (!page) co_return std::unexpected(page.error());
  reading = PagedList::has_next(*page) ? Reading{projection, Clock::now()} : Reading();
  // Pages of two lists make none that could be compared.
  auto& known = known_[kIndex];
  if (cursor.empty() || projection == known.lock()) {
    known = projection;
  } else {
    known.reset();
  }
  co_return Message::result(request.id(), *page);
}

void Router::lists_changed(CatalogKinds changed) {
  const auto session = session_.lock();
  if (!session || !session->initialized()) return;
  // A list that nobody reads on keeps what is gone.
  for (Reading& reading : reading_) {
    if (reading.list && Clock::now() - reading.since > kReadingTime) reading = {};
  }
  const auto projection = view_->projection();
  std::string_view told;  // resources and their templates have one notification
  for (const CatalogKind kind : kEachKind) {
    const auto known = known_[index_of(kind)].lock();
    if (!changed[index_of(kind)] || (known && known->list(kind) == projection->list(kind))) continue;
    const std::string_view notification = words_of(kind).notification;
    if (notification != told) session->push(Message::notification(notification, {}));
    told = notification;
  }
}

void Router::joined(Runtime& runtime) {
  const auto session = session_.lock();
  if (!session || !session->caller().log_level) return;
  if (const auto holder = runtime.held_by(session->caller())) holder->clients().add_listener(session);
}

}  // namespace gateway

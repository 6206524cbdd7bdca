// Servers that clients do not share: each principal, or each session, has a runtime of its own.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "mcp/base/event.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Caller;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxOwn = 64;                  // runtimes of clients' own, of one server
constexpr auto kOwnIdle = std::chrono::minutes(10);  // that one may be unused where the configuration says nothing

Error client_gone() {
  return {ErrorCode::shutting_down, "the client has gone"};
}

}  // namespace

std::string Runtime::key_of(const Caller& caller) const {
  switch (spec().isolation) {
    case Isolation::per_user:
      return "user " + caller.principal;
    case Isolation::per_session:
      return "session " + std::to_string(caller.id);
    case Isolation::shared:
      break;
  }
  return "";
}

std::chrono::milliseconds Runtime::idle_limit() const {
  const auto said = spec().idle_stop;
  const bool costs = is_own_ || isolates();
  return said.count() == 0 && costs ? std::chrono::milliseconds(kOwnIdle) : said;
}

std::shared_ptr<Runtime> Runtime::held_by(const Caller& caller) {
  if (!isolates()) return shared_from_this();
  const auto own = own_.find(key_of(caller));
  return own == own_.end() ? nullptr : own->second;
}

/// Most requests are this one's.
Result<std::shared_ptr<Runtime>> Runtime::handler_for(mcp::CallContext& context) {
  if (isolates()) return runtime_for(context);
  if (auto next = successor()) return next->handler_for(context);
  return shared_from_this();
}

Result<std::shared_ptr<Runtime>> Runtime::runtime_for(mcp::CallContext& context) {
  const Caller& caller = context.caller();
  const auto peer = context.peer();
  // Who is no client of ours asks for the gateway.
  if (!peer) return shared_from_this();
  if (auto own = held_by(caller)) {
    if (own->state() != RuntimeState::failed) return own;
    // Who asks again has it tried again.
    end_own(key_of(caller), own->unavailable());
  }
  if (const auto next = retired_ ? retired_->successor.lock() : nullptr) return next->handler_for(context);
  if (retired_ || stopping_.is_set()) return std::unexpected(unavailable());
  if (own_.size() >= kMaxOwn && !drop_unused()) {
    return fail(ErrorCode::overloaded,
                "server \"" + spec().name.str() + "\" runs for " + std::to_string(own_.size()) + " clients already, each its own",
                "Try again when other clients have ended.");
  }
  auto own = make_own(key_of(caller));
  if (caller.log_level) own->clients().add_listener(peer);
  own->start();
  return own;
}

std::shared_ptr<Runtime> Runtime::make_own(const std::string& key) {
  auto dependencies = dependencies_;
  // What they offer is not published: clients see what the one that is for all offers.
  dependencies.catalogs.reset();
  Observer observer;
  observer.state_changed = [weak = weak_from_this()](Runtime&) {
    const auto self = weak.lock();
    if (self && self->observer_.state_changed) self->observer_.state_changed(*self);
  };
  auto own = create(std::move(dependencies), spec(), std::move(observer));
  own->is_own_ = true;
  own->introduction_ = introduction_;
  own->reader_.remember(reader_);
  own_.emplace(key, own);
  return own;
}

/// Clients of their own runtimes hear of what they are subscribed to also after a reload has replaced those.
void Runtime::succeed_own(const Runtime& before) {
  if (!isolates() || spec().isolation != before.spec().isolation) return;
  for (const auto& [key, own] : before.own_) {
    if (!own->clients_->wants_updates()) continue;
    const auto next = make_own(key);
    next->clients_->inherit(*own->clients_);
    next->start();
  }
}

Task<Result<Message>> Runtime::handle_elsewhere(Message request, mcp::CallContext& context) {
  const auto handler = handler_for(context);
  if (!handler) co_return std::unexpected(handler.error());
  co_return co_await (*handler)->send(std::move(request), context, nullptr);
}

/// The one that was unused longest makes room, of those that do and hold nothing for anybody.
bool Runtime::drop_unused() {
  const std::string* longest = nullptr;
  for (const auto& [key, own] : own_) {
    if (own->holds_something()) continue;
    if (longest == nullptr || own->last_used() < own_.at(*longest)->last_used()) longest = &key;
  }
  if (longest == nullptr) return false;
  end_own(std::string(*longest), client_gone());
  return true;
}

void Runtime::end_own(const std::string& key, Error reason) {
  auto node = own_.extract(key);
  if (node.empty()) return;
  ++ending_;
  asio::co_spawn(
      dependencies_.executor, end_later(shared_from_this(), std::move(node.mapped()), std::move(reason)), asio::detached);
}

Task<void> Runtime::end_later(std::shared_ptr<Runtime> self, std::shared_ptr<Runtime> own, Error reason) {
  co_await own->stop(std::move(reason));
  if (--self->ending_ > 0) co_return;
  for (mcp::Event* waiter : self->own_gone_)
    waiter->set();
}

/// Ends all of them, and waits for that.
Task<void> Runtime::end_all_own(Error reason) {
  while (!own_.empty())
    end_own(std::string(own_.begin()->first), reason);
  while (ending_ > 0) {
    mcp::Event gone(dependencies_.executor);
    own_gone_.insert(&gone);
    co_await gone.wait();
    own_gone_.erase(&gone);
  }
}

void Runtime::forget(const Caller& caller) {
  const auto held = held_by(caller);
  if (held) held->clients().forget(caller.id);
  if (spec().isolation == Isolation::per_session) end_own(key_of(caller), client_gone());
}

}  // namespace gateway

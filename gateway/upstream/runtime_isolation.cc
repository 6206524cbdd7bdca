// Servers that clients do not share: each principal, or each session, has a runtime of its own.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/transport/stdio_client.h"

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

Result<std::shared_ptr<Runtime>> Runtime::runtime_for(mcp::CallContext& context) {
  const Caller& caller = context.caller();
  const auto peer = context.peer();
  // Who is no client of ours asks for the gateway.
  if (!peer) return shared_from_this();
  if (auto own = held_by(caller)) return own;
  if (const auto next = retired_ ? retired_->successor.lock() : nullptr) return next->runtime_for(context);
  if (retired_ || stopping_.is_set()) return std::unexpected(unavailable());
  if (own_.size() >= kMaxOwn && !drop_unused()) {
    return fail(ErrorCode::overloaded,
                "server \"" + spec().name.str() + "\" runs for " + std::to_string(own_.size()) + " clients already, each its own",
                "Try again when other clients have ended.");
  }
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
  if (caller.log_level) own->clients().add_listener(peer);
  own_.emplace(key_of(caller), own);
  own->start();
  return own;
}

Task<Result<Message>> Runtime::handle_apart(Message request, mcp::CallContext& context) {
  const auto self = shared_from_this();
  auto own = runtime_for(context);
  if (!own) co_return std::unexpected(std::move(own).error());
  if (own->get() == this) co_return co_await send(std::move(request), context, nullptr);
  co_return co_await (*own)->handle(std::move(request), context);
}

std::optional<pid_t> Runtime::pid() const {
  const auto* stdio = dynamic_cast<const mcp::StdioClient*>(transport_.get());
  return stdio == nullptr ? std::nullopt : stdio->pid();
}

std::size_t Runtime::processes() const {
  if (!std::holds_alternative<StdioSpec>(spec().transport)) return 0;
  return (transport_ ? 1 : 0) + clients_->own_sessions();
}

/// One that does nothing for anybody makes room.
bool Runtime::drop_unused() {
  const auto unused = std::ranges::find_if(own_, [](const auto& entry) { return !entry.second->busy(); });
  if (unused == own_.end()) return false;
  end_own(unused->first);
  return true;
}

void Runtime::end_own(const std::string& key) {
  auto node = own_.extract(key);
  if (node.empty()) return;
  ++ending_;
  asio::co_spawn(dependencies_.executor, end_later(shared_from_this(), std::move(node.mapped())), asio::detached);
}

Task<void> Runtime::end_later(std::shared_ptr<Runtime> self, std::shared_ptr<Runtime> own) {
  Error reason{ErrorCode::shutting_down, "the client has gone"};
  co_await own->stop(std::move(reason));
  if (--self->ending_ == 0 && self->own_gone_ != nullptr) self->own_gone_->set();
}

/// Ends all of them, and waits for that.
Task<void> Runtime::end_all_own() {
  while (!own_.empty())
    end_own(std::string(own_.begin()->first));
  while (ending_ > 0) {
    mcp::Event gone(dependencies_.executor);
    own_gone_ = &gone;
    co_await gone.wait();
    own_gone_ = nullptr;
  }
}

void Runtime::forget(const Caller& caller) {
  const auto held = held_by(caller);
  if (held) held->clients().forget(caller.id);
  if (spec().isolation == Isolation::per_session) end_own(key_of(caller));
}

}  // namespace gateway

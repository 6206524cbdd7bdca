#include "mcp/session/client_questions.h"

#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/base/log.h"
#include "mcp/base/random.h"
#include "mcp/json/text.h"

namespace mcp {

/// Lives in the frame of ask().
struct ClientQuestions::Open {
  explicit Open(const Executor& executor) : done(executor) {}

  std::string id;     // ours, JSON text
  std::string token;  // the asker's progress token, JSON text; "" where it wants no progress
  Question* question = nullptr;
  Outlet outlet;  // {} once that way is closed
  const void* owner = nullptr;
  std::optional<Result<Message>> outcome;
  Event done;
};

/// Keeps the table right on every way out of ask().
class ClientQuestions::Entry {
 public:
  Entry(ClientQuestions& questions, Open& open) : questions_(questions), id_(open.id) { questions_.open_.emplace(id_, &open); }

  ~Entry() { questions_.open_.erase(id_); }

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  ClientQuestions& questions_;
  const std::string id_;
};

// A client that outlives one gateway behind a relay meets the questions of the next one: the ids of the two must not meet.
ClientQuestions::ClientQuestions(std::size_t max_open) : max_open_(max_open), next_id_(random_number()) {}

Task<Result<Message>> ClientQuestions::ask(Message request, Question& question, Outlet outlet, const void* owner) {
  const auto self = shared_from_this();
  if (question.cancellation.requested()) co_return std::unexpected(question.cancellation.reason());
  if (open_.size() >= max_open_) {
    co_return fail(ErrorCode::overloaded, std::to_string(open_.size()) + " questions wait for this client's answer already");
  }
  const std::string asked_id(request.id());
  Open open(co_await boost::asio::this_coro::executor);
  open.id = std::to_string(next_id_++);
  open.question = &question;
  open.outlet = std::move(outlet);
  open.owner = owner;
  request.set_id(open.id);
  if (const auto token = request.raw(request.envelope().meta_progress_token); !token.empty()) {
    open.token = token;
    request.replace(&Envelope::meta_progress_token, open.id);
  }
  const Entry entry(*this, open);
  const Cancellation::Callback taken_back(question.cancellation, [&open, &question] { end(open, question.cancellation.reason()); });
  if (!open.outlet(std::move(request))) {
    co_return fail(ErrorCode::session_lost, "the client that would have to be asked cannot be reached");
  }
  co_await open.done.wait();
  if (*open.outcome) (*open.outcome)->set_id(asked_id);
  co_return std::move(*open.outcome);
}

/// Nobody waits for the answer any more.
void ClientQuestions::end(Open& open, const Error& reason) {
  if (open.outcome) return;
  if (open.outlet) {
    std::string params = "{\"requestId\":" + open.id + ",\"reason\":";
    append_json_string(params, reason.message);
    params += '}';
    open.outlet(Message::notification("notifications/cancelled", params));
  }
  open.outcome = std::unexpected(reason);
  open.done.set();
}

void ClientQuestions::answer(Message response) {
  const auto found = open_.find(std::string(response.id()));
  if (found == open_.end() || found->second->outcome) {
    log_debug("downstream", "a client's answer to no open question was dropped");
    return;
  }
  found->second->outcome = std::move(response);
  found->second->done.set();
}

void ClientQuestions::progress(Message notification) {
  const auto found = open_.find(std::string(notification.raw(notification.envelope().progress_token)));
  if (found == open_.end() || found->second->token.empty() || found->second->outcome) return;
  const Open& open = *found->second;
  if (!open.question->on_progress) return;
  notification.replace(&Envelope::progress_token, open.token);
  open.question->on_progress(std::move(notification));
}

void ClientQuestions::drop(const void* owner, const Error& reason) {
  for (const auto& [id, open] : open_) {
    if (open->owner != owner) continue;
    end(*open, reason);
    open->outlet = {};
  }
}

void ClientQuestions::forget(const void* owner) {
  for (const auto& [id, open] : open_) {
    if (open->owner == owner) open->outlet = {};
  }
}

void ClientQuestions::lose_one(std::string_view id, const Error& reason) {
  const auto found = open_.find(std::string(id));
  if (found == open_.end() || found->second->outcome) return;
  found->second->outcome = std::unexpected(reason);
  found->second->done.set();
}

void ClientQuestions::lose(const Error& reason) {
  for (const auto& [id, open] : open_) {
    open->outlet = {};
    end(*open, reason);
  }
}

}  // namespace mcp

#include "mcp/session/batch_call.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/event.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/era.h"

namespace mcp {

namespace {

/// What the calls of one batch share.
struct Work {
  Event all_done;
  std::function<void(Message)> answered;
  std::size_t open = 1;  // calls, and the batch while it begins them
};

Task<void> serve_one(std::shared_ptr<Work> work,
                     std::shared_ptr<ServerSession> session,
                     Message request,
                     ServerSession::Outlet outlet) {
  auto answer = co_await session->serve(std::move(request), std::move(outlet));
  if (answer) work->answered(std::move(*answer));
  if (--work->open == 0) work->all_done.set();
}

}  // namespace

Result<BatchCall> read_batch(std::string text, ProtocolVersion version) {
  if (version != ProtocolVersion::v2025_03_26) {
    return fail(ErrorCode::invalid_request,
                "an array of messages came, which only MCP 2025-03-26 knows",
                "Send the messages one by one, or agree on that revision in initialize.");
  }
  auto elements = split_batch(text, BatchCall::kMax);
  if (!elements) return std::unexpected(std::move(elements).error());
  BatchCall batch;
  for (const std::string_view element : *elements) {
    auto message = Message::parse(std::string(element));
    if (!message) {
      const Error& error = message.error();
      batch.refusals.push_back(error_response(error.data, {error.code, error.message}));
      continue;
    }
    if (message->kind() == MessageKind::request) {
      if (message->method() == "initialize") {
        return fail(ErrorCode::invalid_request, "initialize may not be part of a batch", "Send it alone, before all others.");
      }
      ++batch.requests;
    }
    batch.messages.push_back(std::move(*message));
  }
  return batch;
}

Task<void> serve_batch(Executor executor,
                       std::shared_ptr<ServerSession> session,
                       BatchCall batch,
                       ServerSession::Outlet outlet,
                       std::function<void(Message)> answered) {
  const auto work = std::make_shared<Work>(Event(executor), std::move(answered));
  for (Message& refusal : batch.refusals)
    work->answered(std::move(refusal));
  for (Message& message : batch.messages) {
    if (message.kind() != MessageKind::request) {
      session->accept(std::move(message));
    } else if (auto refusal = refuse_stateless(message)) {
      work->answered(std::move(*refusal));
    } else {
      ++work->open;
      // Begins at once, so that what stands behind it in the batch, such as its cancellation, meets it.
      boost::asio::co_spawn(executor, serve_one(work, session, std::move(message), outlet), boost::asio::detached);
    }
  }
  if (--work->open > 0) co_await work->all_done.wait();
}

std::string batch_text(const std::vector<Message>& messages) {
  std::size_t size = 2 + messages.size();
  for (const Message& message : messages)
    size += message.text().size();
  std::string text;
  text.reserve(size);
  for (const Message& message : messages)
    text.append(text.empty() ? "[" : ",").append(message.text());
  return text + "]";
}

}  // namespace mcp

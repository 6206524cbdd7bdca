#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/transport/message_pipe.h"

namespace gateway {

/// The client's end of the relay as the test sees it: everything that arrives, in order.
class ClientPipe final : public mcp::MessagePipe {
 public:
  explicit ClientPipe(const mcp::Executor& executor) : never_(executor) {}

  void open(Receiver receiver) override { receiver_ = std::move(receiver); }

  bool send(mcp::Message message) override {
    if (closed) return false;
    received.push_back(nlohmann::json::parse(message.text()));
    return true;
  }

  bool send_batch(std::string_view text) override {
    received.push_back(nlohmann::json::parse(text));
    return true;
  }

  mcp::Task<void> drain() override {
    if (!reads) co_await never_.wait();
  }

  void close() override {
    closed = true;
    never_.set();
  }

  void say(const nlohmann::json& message) { receiver_.on_message(*mcp::Message::parse(message.dump())); }
  void say_batch(const nlohmann::json& batch) { receiver_.on_batch(batch.dump()); }
  void say_invalid(const mcp::Error& error) { receiver_.on_invalid(error); }
  void hang_up() { receiver_.on_closed(); }

  std::vector<nlohmann::json> received;
  bool closed = false;
  bool reads = true;

 private:
  Receiver receiver_;
  mcp::Event never_;
};

}  // namespace gateway

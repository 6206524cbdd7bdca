#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/rpc/request_handler.h"

namespace gateway {

/// A client's context without a request of its.
class PeerContext final : public mcp::CallContext {
 public:
  PeerContext(std::shared_ptr<mcp::ClientPeer> peer, std::chrono::milliseconds time) : peer_(std::move(peer)) {
    deadline = mcp::Clock::now() + time;
  }

  const mcp::Caller& caller() const override { return peer_->caller(); }

  void notify(mcp::Message notification) override { peer_->push(std::move(notification)); }

  mcp::Task<mcp::Result<mcp::Message>> ask(mcp::Message request, mcp::Question& question) override {
    return peer_->ask(std::move(request), question);
  }

  std::shared_ptr<mcp::ClientPeer> peer() override { return peer_; }

 private:
  std::shared_ptr<mcp::ClientPeer> peer_;
};

}  // namespace gateway

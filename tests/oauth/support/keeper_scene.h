#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oauth/token_keeper.h"
#include "tests/oauth/support/memory_login_store.h"
#include "tests/oauth/support/token_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"

namespace oauth {

/// Says where the login belongs, and counts what is registered.
struct CountingRegistrar final : Registrar {
  mcp::Task<mcp::Result<std::string>> issuer_now(const Credential&, mcp::Cancellation&) override { co_return issuer; }

  mcp::Task<mcp::Result<Client>> register_again(const Credential&, std::string, mcp::Cancellation&) override {
    ++registrations;
    co_return Client{.source = ClientSource::dynamic, .id = "client-" + std::to_string(registrations)};
  }

  std::string issuer = "https://as.example";
  int registrations = 0;
};

/// Keepers as of several processes, which share a store and an authorization server, by a clock that the test moves.
class KeeperScene : public testing::Test {
 protected:
  ~KeeperScene() override {
    for (const auto& keeper : keepers_) {
      std::optional<bool> closed;
      mcp::spawn_task(loop_, close(*keeper, std::chrono::seconds(1)), closed);
      while (!closed)
        clock_.advance(std::chrono::seconds(1));
    }
  }

  WallTime now() const {
    return WallTime(std::chrono::hours(500'000)) + std::chrono::duration_cast<WallTime::duration>(mcp::Clock::now() - started_) +
           skew_;
  }

  /// A login whose token runs out in `rest`, of the hour that it had; in less, of what it had in all.
  Credential login(std::chrono::seconds rest) const {
    Credential credential;
    credential.key = {.issuer = "https://as.example", .resource = "https://mcp.example/mcp"};
    credential.server_url = "https://mcp.example/mcp";
    credential.client = {.source = ClientSource::dynamic, .id = "client-0"};
    credential.token_endpoint = "https://as.example/token";
    credential.login = "first";
    credential.access_token = server_->access_token();
    credential.refresh_token = server_->refresh_token();
    credential.expires = now() + rest;
    const bool is_short = rest > std::chrono::seconds(0) && rest < std::chrono::minutes(1);
    credential.issued = is_short ? now() : std::min(now(), *credential.expires - std::chrono::hours(1));
    return credential;
  }

  /// A process that has read this login from the store.
  std::shared_ptr<TokenKeeper> begin(Credential credential) {
    shared_->credentials[credential.key] = credential;
    auto keeper = TokenKeeper::create(dependencies(), credential.key);
    keeper->begin(std::move(credential));
    keepers_.push_back(keeper);
    clock_.settle();
    return keeper;
  }

  TokenKeeperDependencies dependencies() {
    return {.executor = loop_.get_executor(),
            .store = std::make_shared<MemoryLoginStore>(shared_),
            .http = server_,
            .registrar = registrar_,
            .now = [this] { return now(); },
            .random = [] { return 0.5; }};
  }

  mcp::Result<TokenKeeper::Header> obtain(TokenKeeper& keeper) {
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<TokenKeeper::Header>> answer;
    mcp::spawn_task(loop_, keeper.obtain(cancellation), answer);
    return wait_for(answer);
  }

  mcp::Result<> rejected(TokenKeeper& keeper, TokenKeeper::Header sent, int tries = 1) {
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<>> answer;
    mcp::spawn_task(loop_, keeper.rejected(std::move(sent), tries, cancellation), answer);
    return wait_for(answer);
  }

  static mcp::Task<bool> close(TokenKeeper& keeper, std::chrono::milliseconds grace) {
    co_await keeper.close(grace);
    co_return true;
  }

  /// Lets time pass where it has to; two minutes are enough for everything.
  template <class T>
  T wait_for(std::optional<T>& answer) {
    clock_.settle();
    for (int i = 0; i < 1200 && !answer; ++i)
      clock_.advance(std::chrono::milliseconds(100), std::chrono::milliseconds(100));
    if (!answer) throw std::runtime_error("no answer within two minutes");
    return *answer;
  }

  void answer_with(HttpAnswer answer) {
    server_->fault = [answer = std::move(answer)](TokenServer&, const HttpRequest&) {
      return std::optional<mcp::Result<HttpAnswer>>(answer);
    };
  }

  const Credential& stored() const { return shared_->credentials.begin()->second; }

  boost::asio::io_context loop_;
  mcp::FakeClock clock_{loop_};
  mcp::Clock::time_point started_ = mcp::Clock::now();
  std::chrono::seconds skew_{0};  // of the clock on the wall, which people can set
  std::shared_ptr<SharedLogins> shared_ = std::make_shared<SharedLogins>();
  std::shared_ptr<TokenServer> server_ = std::make_shared<TokenServer>();
  std::shared_ptr<CountingRegistrar> registrar_ = std::make_shared<CountingRegistrar>();
  std::vector<std::shared_ptr<TokenKeeper>> keepers_;
};

}  // namespace oauth

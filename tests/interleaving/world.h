#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/host/gateway.h"
#include "tests/interleaving/model_client.h"
#include "tests/interleaving/model_server.h"
#include "tests/support/fake_clock.h"

namespace gateway {

/// A real gateway between models of clients and of servers, by a clock of its own. One seed is one story.
class World {
 public:
  struct Counts {
    std::size_t answers = 0, server_answers = 0, questions = 0, questions_answered = 0, pages = 0;
  };

  World(std::uint64_t seed, Journal& journal);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Everybody does what they like.
  void go_on(int steps);
  /// The servers only answer, time passes, and every request has to come to its end.
  void calm_down();
  /// The clients leave, and nothing of theirs may be left.
  void empty();

  Counts counts() const;

 private:
  void step();
  void join();
  void pass_time();
  void run_some();
  void on_loop(std::function<void()> work);
  void leave_all();
  void check_tables();

  Dice dice_;
  Journal& journal_;
  boost::asio::io_context loop_;
  mcp::FakeClock clock_{loop_};
  std::vector<std::unique_ptr<ModelServer>> servers_;
  std::vector<std::unique_ptr<ModelClient>> clients_;
  std::unique_ptr<Gateway> gateway_;
  std::uint64_t last_serial_ = 0;
  int last_client_ = 0;
};

}  // namespace gateway

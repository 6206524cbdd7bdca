#include "tests/interleaving/world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace gateway {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t kMaxClients = 12;  // in a run, those that have left among them
constexpr int kMostPages = 10;           // of any list: three servers with three tools

}  // namespace

World::World(std::uint64_t seed, Journal& journal) : dice_(seed), journal_(journal) {
  const std::size_t servers = 1 + dice_.below(3);
  const std::size_t clients = 1 + dice_.below(5);
  Config config;
  config.list_page_size = 1 + dice_.below(4);
  for (std::size_t i = 1; i <= servers; ++i) {
    servers_.push_back(std::make_unique<ModelServer>(loop_.get_executor(), static_cast<int>(i), dice_, journal_));
    config.servers.push_back(servers_.back()->spec());
  }
  RuntimeDependencies dependencies{.executor = loop_.get_executor()};
  dependencies.environment = [](std::string_view) { return std::optional<std::string>(); };
  dependencies.random = [this] { return static_cast<double>(dice_.below(1000)) / 1000; };
  dependencies.instance = "the gateway under test";
  dependencies.connect = [this](const ServerSpec& spec) {
    return servers_.at(std::stoul(spec.name.str().substr(1)) - 1)->connect();
  };
  gateway_ = std::make_unique<Gateway>(std::move(dependencies), std::move(config));
  gateway_->start();
  for (std::size_t i = 0; i < clients; ++i)
    on_loop([this] { join(); });
  clock_.settle();
}

World::~World() {
  leave_all();
  boost::asio::co_spawn(loop_, gateway_->stop(), boost::asio::detached);
  clock_.advance(seconds(20));
}

void World::join() {
  if (clients_.size() >= kMaxClients) return;
  const auto server = dice_.chance(70) ? std::size_t{0} : 1 + dice_.below(servers_.size());
  clients_.push_back(std::make_unique<ModelClient>(
      ++last_client_, static_cast<int>(server), static_cast<int>(servers_.size()), dice_, journal_, last_serial_));
  ModelClient& client = *clients_.back();
  auto handler = gateway_->open_session(client.path());
  if (!handler) return journal_.wrong(handler.error().text());
  if (dice_.chance(50)) {
    client.open(std::make_unique<StdioLink>(loop_.get_executor(), client.inbox(), std::move(*handler)));
  } else {
    client.open(std::make_unique<SessionLink>(loop_.get_executor(), client.inbox(), std::move(*handler)));
  }
}

/// Mostly until nothing is under way; but the models also act while something is.
void World::run_some() {
  if (dice_.chance(60)) return clock_.settle();
  loop_.restart();
  for (std::size_t left = dice_.below(6); left > 0; --left)
    loop_.poll_one();
}

void World::pass_time() {
  static const std::vector<milliseconds> times = {
      milliseconds(1), milliseconds(60), milliseconds(700), seconds(3), seconds(6), seconds(25)};
  const auto time = dice_.pick(times);
  journal_.note("-- " + std::to_string(time.count()) + " ms");
  clock_.advance(time);
}

void World::step() {
  const std::size_t roll = dice_.below(1000);
  if (roll < 80) {
    pass_time();
  } else if (roll < 520) {
    on_loop([this] { dice_.pick(clients_)->act(clients_); });
  } else if (roll < 970) {
    on_loop([this] { dice_.pick(servers_)->act(); });
  } else if (roll < 980) {
    on_loop([this] { dice_.pick(clients_)->leave(); });
  } else if (roll < 984) {
    on_loop([this] { dice_.pick(clients_)->inbox()->deaf = true; });
  } else {
    on_loop([this] { join(); });
  }
  run_some();
}

/// Where what comes from outside arrives, too.
void World::on_loop(std::function<void()> work) {
  boost::asio::post(loop_, std::move(work));
}

void World::go_on(int steps) {
  for (int i = 0; i < steps && journal_.faults().empty(); ++i)
    step();
}

void World::calm_down() {
  on_loop([this] {
    for (const auto& client : clients_) {
      if (client->inbox()->deaf) client->leave();
    }
    // What some servers never answer ends by its deadline.
    for (const auto& server : servers_) {
      if (dice_.chance(50)) server->calm_down();
      if (dice_.chance(50)) server->answer_all();
    }
  });
  clock_.advance(std::chrono::minutes(10), seconds(2));
  // Who reads a page asks for the next.
  for (int page = 0; page < kMostPages; ++page) {
    on_loop([this] {
      for (const auto& client : clients_)
        client->read();
    });
    clock_.settle();
  }
  for (const auto& client : clients_)
    client->check_answered();
}

void World::empty() {
  for (const auto& server : servers_)
    server->calm_down();
  leave_all();
  // Long enough for a session that nobody uses to be closed.
  clock_.advance(std::chrono::minutes(15), seconds(4));
  check_tables();
}

void World::leave_all() {
  on_loop([this] {
    for (const auto& client : clients_)
      client->leave();
  });
  clock_.settle();
}

void World::check_tables() {
  const auto empty = [this](const Runtime& runtime, const char* what, std::size_t size) {
    if (size != 0) journal_.wrong(runtime.spec().name.str() + ": " + std::to_string(size) + " " + what + " are left");
  };
  for (const auto& runtime : gateway_->runtimes()) {
    const PoolUse use = runtime->clients().pool_use();
    empty(*runtime, "open calls", runtime->status().open_calls);
    empty(*runtime, "questions", runtime->status().questions);
    empty(*runtime, "leases", use.leases);
    empty(*runtime, "requests waiting for a session", use.waiting);
    empty(*runtime, "ending sessions", use.ending);
    empty(*runtime, "sessions of clients' own", runtime->status().own_sessions);
    empty(*runtime, "subscriptions", runtime->clients().subscriptions());
    empty(*runtime, "listeners", runtime->clients().listeners());
  }
  for (const auto& client : clients_) {
    if (!client->over()) journal_.wrong("the session of " + client->path() + " is not over");
  }
}

World::Counts World::counts() const {
  Counts counts;
  for (const auto& client : clients_) {
    counts.answers += client->answers();
    counts.pages += client->pages();
  }
  for (const auto& server : servers_) {
    counts.server_answers += server->answered();
    counts.questions += server->asked();
    counts.questions_answered += server->questions_answered();
  }
  return counts;
}

}  // namespace gateway

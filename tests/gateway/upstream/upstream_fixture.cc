#include "tests/gateway/upstream/upstream_fixture.h"

#include <utility>

#include "tests/support/processes.h"
#include "tests/support/programs.h"

namespace gateway {

using mcp::Message;
using mcp::Result;

UpstreamTest::UpstreamTest() : launcher_(mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")})) {
  dependencies_.executor = loop_.get_executor();
  dependencies_.launcher = launcher_.get();
  dependencies_.environment = [](std::string_view) { return std::nullopt; };
  dependencies_.random = [this] { return random_; };
  dependencies_.stop_grace = std::chrono::milliseconds(200);
  dependencies_.refresh_delay = dependencies_.refresh_pause = {};
}

UpstreamTest::~UpstreamTest() {
  for (const auto& runtime : runtimes_)
    stop(runtime);
  EXPECT_TRUE(mcp::child_processes().empty());
  for (const auto& server : servers_)
    mcp::run_task(loop_, server->stop());
  launcher_.reset();
}

ServerSpec UpstreamTest::program(const std::string& name, std::vector<std::string> args) {
  ServerSpec spec;
  spec.name = ServerName(name);
  StdioSpec stdio;
  stdio.command = mcp::program_path("stdio_fault");
  stdio.args = std::move(args);
  spec.transport = std::move(stdio);
  return spec;
}

ServerSpec UpstreamTest::remote(const std::string& name, const std::string& url) {
  ServerSpec spec;
  spec.name = ServerName(name);
  HttpSpec http;
  http.url = url;
  spec.transport = std::move(http);
  return spec;
}

mcp::FakeServer& UpstreamTest::add_server(const std::vector<std::string>& tools) {
  servers_.push_back(std::make_unique<mcp::FakeServer>(loop_.get_executor()));
  for (const auto& name : tools)
    servers_.back()->tools.push_back(mcp::FakeServer::tool(name));
  return *servers_.back();
}

std::shared_ptr<Runtime> UpstreamTest::make(ServerSpec spec) {
  Runtime::Observer observer;
  observer.state_changed = [this](Runtime& runtime) { states_.emplace_back(to_string(runtime.state())); };
  observer.catalog_changed = [this](Runtime&) {
    ++catalogs_;
    if (on_catalog_) on_catalog_();
  };
  runtimes_.push_back(Runtime::create(dependencies_, std::move(spec), std::move(observer)));
  return runtimes_.back();
}

std::shared_ptr<Runtime> UpstreamTest::start(ServerSpec spec) {
  auto runtime = make(std::move(spec));
  runtime->start();
  return runtime;
}

std::shared_ptr<Runtime> UpstreamTest::settle(ServerSpec spec) {
  auto runtime = start(std::move(spec));
  mcp::run_until(loop_, [&] { return runtime->settled().is_set(); });
  return runtime;
}

void UpstreamTest::wait_for(const Runtime& runtime, RuntimeState state) {
  mcp::run_until(loop_, [&] { return runtime.state() == state; });
}

void UpstreamTest::stop(const std::shared_ptr<Runtime>& runtime) {
  mcp::run_task(loop_, runtime->stop());
  EXPECT_EQ(runtime->state(), RuntimeState::stopped);
}

void UpstreamTest::run_ready() {
  loop_.restart();
  while (loop_.poll() != 0) {
  }
}

void UpstreamTest::run_turns(const Runtime& runtime, int turns) {
  loop_.restart();
  for (int turn = 0; turn < turns; ++turn) {
    if (loop_.poll_one() != 0) continue;
    if (runtime.state() == RuntimeState::ready) return;
    loop_.run_one();
  }
}

void UpstreamTest::let_tell() {
  view_loop_.restart();
  view_loop_.run();
}

UpstreamTest::Overdue UpstreamTest::start_overdue(ServerSpec spec, const std::string& part) {
  Overdue overdue;
  for (const auto& [time, text] : {std::pair(std::chrono::milliseconds(150), "0.2 s"),
                                   std::pair(std::chrono::milliseconds(1500), "1.5 s"),
                                   std::pair(std::chrono::milliseconds(15'000), "15 s")}) {
    spec.startup_timeout = time;
    const auto runtime = settle(spec);
    EXPECT_NE(runtime->state(), RuntimeState::ready);
    overdue = {runtime->status().cause.value_or(mcp::Error{mcp::ErrorCode::internal, "no cause"}), text};
    stop(runtime);
    if (overdue.cause.message.find(part) != std::string::npos) break;
  }
  return overdue;
}

Message UpstreamTest::request(const std::string& method, const json& params) {
  const json message = {{"jsonrpc", "2.0"}, {"id", "mine"}, {"method", method}, {"params", params}};
  return *Message::parse(message.dump());
}

Message UpstreamTest::tool_call(const std::string& tool, const json& arguments) {
  return request("tools/call", {{"name", tool}, {"arguments", arguments}});
}

Result<Message> UpstreamTest::send(Runtime& runtime, Message message) {
  mcp::RecordingContext context;
  return send(runtime, std::move(message), context);
}

Result<Message> UpstreamTest::send(Runtime& runtime, Message message, mcp::CallContext& context) {
  return mcp::run_task(loop_, runtime.handle(std::move(message), context));
}

}  // namespace gateway

#include "tests/end_to_end/faults/fault_test.h"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/support/programs.h"

namespace gateway {

namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kRestingPoint = 10;  // milliseconds between two questions, unless the gateway ends
constexpr int kMostQuestions = 1500;

std::uint16_t port_of(const std::string& url) {
  const std::size_t colon = url.find(':', url.find("//"));
  return static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1)));
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts)
    out += (out.empty() ? "" : ",") + text;
  return out;
}

std::string make_folder() {
  std::string folder = std::filesystem::temp_directory_path() / "switchyard-fault-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return folder;
}

}  // namespace

void PrintTo(const ServerView& view, std::ostream* out) {
  *out << view.state << ", restarts " << view.restarts << ", open calls " << view.open_calls << ", cause " << view.reason << ": "
       << view.message;
}

FaultTest::FaultTest() : folder_(make_folder()) {}

FaultTest::~FaultTest() {
  std::filesystem::remove_all(folder_);
}

void FaultTest::TearDown() {
  if (gateway_) stop();
}

std::string FaultTest::stdio(const std::string& name,
                             const std::string& mode,
                             const std::string& argument,
                             const std::string& more) {
  const json args = {mode, argument};
  return json(name).dump() + ":{\"command\":" + json(mcp::program_path("stdio_fault")).dump() + ",\"args\":" + args.dump() +
         (more.empty() ? "" : "," + more) + "}";
}

std::string FaultTest::recorded(const std::string& name, const std::string& mode, const std::string& argument) {
  return stdio(name, mode, argument, "\"env\":{\"STDIO_FAULT_RECORD\":" + json(file(name)).dump() + "}");
}

std::string FaultTest::http(const std::string& name, const std::string& mode, const std::string& more, const std::string& scheme) {
  const std::vector<std::string> args = {mode};
  http_fault_ =
      std::make_unique<ChildProgram>(mcp::program_path("http_fault"), args, std::vector<std::string>(), file("http_fault.log"));
  const std::string url = http_fault_->wait_line("http://");
  http_port_ = port_of(url);
  return json(name).dump() + ":{\"url\":\"" + scheme + url.substr(url.find(':')) + "\"" + (more.empty() ? "" : "," + more) + "}";
}

int FaultTest::counted(const std::string& method) const {
  return json::parse(http_get(http_port_, "/counts").body).value(method, 0);
}

std::string FaultTest::config(const std::vector<std::string>& entries, const std::string& more) {
  return R"({"startupWait":5,"mcpServers":{)" + joined(entries) + "}" + (more.empty() ? "" : "," + more) + "}";
}

std::unique_ptr<ChildProgram> FaultTest::launch(const std::string& config_text,
                                                const std::vector<std::string>& more_args,
                                                const std::string& state) {
  std::ofstream(file(state + ".config.json")) << config_text;
  std::vector<std::string> args = {
      "serve", "--log-format", "json", "--config", file(state + ".config.json"), "--state", file(state)};
  if (more_args.empty()) args.insert(args.end(), {"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
  args.insert(args.end(), more_args.begin(), more_args.end());
  const std::vector<std::string> environment = {"HOME=" + folder_, "PATH=/usr/bin:/bin"};
  return std::make_unique<ChildProgram>(mcp::program_path("switchyard"), args, environment, file(state + ".log"));
}

void FaultTest::start(const std::vector<std::string>& entries, const std::string& more) {
  gateway_ = launch(config(entries, more));
  gateway_->wait_line("listening at http");
  const json running = json::parse(read_text_file(file("state/gateway.json")));
  admin_port_ = port_of(running.at("adminUrl"));
  port_ = port_of(running.at("mcpUrl"));
  token_ = running.at("token");
}

std::string FaultTest::servers_json() {
  const auto answer = http_get(admin_port_, "/api/v1/servers", token_);
  if (answer.status != 200) throw std::runtime_error("the admin API: " + answer.head + answer.body);
  return answer.body;
}

ServerView FaultTest::view(const std::string& name) {
  const json all = json::parse(servers_json());
  for (const json& server : all.at("servers")) {
    if (server.at("name") != name) continue;
    ServerView view{.state = server.at("state"),
                    .restarts = server.value("restarts", 0),
                    .open_calls = server.value("openCalls", 0),
                    .transport = server.value("transport", ""),
                    .revision = server.value("protocolVersion", "")};
    const json cause = server.value("cause", json::object());
    view.reason = cause.value("reason", "");
    view.message = cause.value("message", "");
    view.remedy = cause.value("remedy", "");
    return view;
  }
  throw std::runtime_error("there is no server " + name);
}

ServerView FaultTest::wait_for(const std::string& name, const std::function<bool(const ServerView&)>& condition) {
  for (int asked = 0; asked < kMostQuestions; ++asked) {
    ServerView now = view(name);
    if (condition(now)) return now;
    if (gateway_->ended_within(kRestingPoint)) throw std::runtime_error("the gateway ended:\n" + stderr_text());
  }
  ServerView last = view(name);
  ADD_FAILURE() << name << " did not get there: " << testing::PrintToString(last) << "\n" << stderr_text();
  return last;
}

ServerView FaultTest::wait_for_state(const std::string& name, const std::string& state) {
  return wait_for(name, [&state](const ServerView& view) { return view.state == state; });
}

McpClient& FaultTest::client() {
  if (!client_) client_.emplace(port_);
  return *client_;
}

void FaultTest::expect_healthy() {
  McpClient fresh(port_);
  expect_text(fresh.call("healthy__echo", "still here"), "still here");
}

Resources FaultTest::measure() {
  client().tools();
  expect_healthy();
  for (int asked = 0; asked < kMostQuestions && has_ended_connections(gateway_->pid()); ++asked) {
    if (gateway_->ended_within(kRestingPoint)) break;
  }
  return resources_of(gateway_->pid());
}

void FaultTest::expect_back_at(const Resources& base, bool fewer_allowed, long memory_margin) {
  const auto is_back = [&](const Resources& now) {
    return now.descriptors == base.descriptors || (fewer_allowed && now.descriptors < base.descriptors);
  };
  Resources now = resources_of(gateway_->pid());
  for (int asked = 0; asked < kMostQuestions && !is_back(now); ++asked) {
    if (gateway_->ended_within(kRestingPoint)) break;
    now = resources_of(gateway_->pid());
  }
  EXPECT_TRUE(is_back(now)) << "descriptors: " << base.descriptors << " before, " << now.descriptors << " now";
  if (SWITCHYARD_SANITIZED == 0) {
    EXPECT_LE(now.resident_kib, base.resident_kib + memory_margin) << "KiB resident";
  }
}

void FaultTest::stop() {
  client_.reset();
  gateway_->signal(SIGTERM);
  expect_end();
}

void FaultTest::expect_end(int exit) {
  EXPECT_EQ(gateway_->wait_exit(), exit) << stderr_text();
  // One that ends in good manners waits for all it started; after another end that takes a moment.
  const auto left = exit == 0 ? processes_with("HOME=" + folder_) : wait_until_none_with("HOME=" + folder_);
  EXPECT_THAT(left, IsEmpty());
  client_.reset();
  gateway_.reset();
}

void FaultTest::kill() {
  gateway_->signal(SIGKILL);
  expect_end(128 + SIGKILL);
}

void expect_error(const ToolAnswer& answer,
                  const std::string& reason,
                  const std::vector<std::string>& words,
                  const std::string& server) {
  EXPECT_TRUE(answer.failed) << testing::PrintToString(answer);
  EXPECT_EQ(answer.reason, reason) << testing::PrintToString(answer);
  EXPECT_EQ(answer.server, server) << testing::PrintToString(answer);
  EXPECT_FALSE(answer.remedy.empty()) << "no remedy: " << testing::PrintToString(answer);
  EXPECT_THAT(answer.text, HasSubstr("\"" + server + "\""));
  EXPECT_THAT(answer.text, HasSubstr(answer.remedy));
  for (const std::string& word : words)
    EXPECT_THAT(answer.text, HasSubstr(word));
}

void expect_text(const ToolAnswer& answer, const std::string& text) {
  EXPECT_FALSE(answer.failed) << testing::PrintToString(answer);
  EXPECT_EQ(answer.text, text);
}

}  // namespace gateway

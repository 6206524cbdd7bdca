// Commands where a gateway runs: they ask it.
#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_server.h"
#include "gateway/host/state_file.h"
#include "tests/gateway/admin/fake_source.h"
#include "tests/gateway/cli/cli_fixture.h"
#include "tests/support/scripted_server.h"

namespace gateway {
namespace {

using mcp::http_answer;
using mcp::ScriptedServer;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The process's standard input is at its end while this lives.
class EmptyInput {
 public:
  EmptyInput() : saved_(::dup(STDIN_FILENO)) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::dup2(nothing, STDIN_FILENO), STDIN_FILENO);
    ::close(nothing);
  }
  ~EmptyInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }
  EmptyInput(const EmptyInput&) = delete;
  EmptyInput& operator=(const EmptyInput&) = delete;

 private:
  int saved_;
};

class RemoteCommandsTest : public CliTest {
 protected:
  RemoteCommandsTest() {
    auto lock = StateLock::acquire(folder_ + "/state");
    EXPECT_TRUE(lock);
    lock_ = std::move(*lock);
    auto admin = start_admin_server({"127.0.0.1", 0}, "secret", source_);
    EXPECT_TRUE(admin);
    admin_ = std::move(*admin);
    running_ = {.pid = 4321,
                .mcp_url = "http://127.0.0.1:1/mcp",
                .admin_url = "http://127.0.0.1:" + std::to_string(admin_->port()),
                .token = "secret",
                .config = folder_ + "/switchyard.json"};
    publish();
  }

  void publish() { EXPECT_TRUE(lock_->publish(running_)); }

  /// What `call` does against an MCP endpoint that answers tools/call like this.
  Outcome call_against(const std::string& tool_answer, std::vector<std::string>* requests = nullptr) {
    ScriptedServer server([&](ScriptedServer::Peer& peer) {
      for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
        if (requests != nullptr) requests->push_back(request);
        if (request.find("\"initialize\"") != std::string::npos) {
          peer.send(http_answer(200,
                                "application/json",
                                R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}})",
                                "Mcp-Session-Id: s1\r\n"));
        } else if (request.find("notifications/initialized") != std::string::npos) {
          peer.send(http_answer(202, "text/plain", ""));
        } else if (request.starts_with("DELETE")) {
          peer.send(http_answer(200, "text/plain", ""));
        } else {
          peer.send(tool_answer);
        }
      }
    });
    running_.mcp_url = server.url();
    publish();
    return run({"call", "files__read", R"({"path":"/x"})", "--profile", "a b"});
  }

  FakeSource source_;
  std::unique_ptr<StateLock> lock_;
  std::unique_ptr<AdminServer> admin_;
  RunningGateway running_;
};

TEST_F(RemoteCommandsTest, ListsComeFromTheGateway) {
  const Outcome list = run({"list"});
  EXPECT_EQ(list.exit, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("linear  backing_off  http "));
  EXPECT_THAT(run({"status"}).out, StartsWith("Switchyard 1.2.3, pid 4321, up "));
  EXPECT_THAT(run({"status", "files"}).out, HasSubstr("pid         99\n"));
  EXPECT_THAT(run({"tools", "--server", "files"}).out, HasSubstr("files__read  files   Reads\n"));
  const Outcome tools = run({"tools"});
  EXPECT_THAT(tools.err, HasSubstr("one \"clash\""));
  EXPECT_THAT(run({"describe", "linear__add"}).out, HasSubstr("title     Add\n"));
}

TEST_F(RemoteCommandsTest, ErrorsOfTheGatewayAreShown) {
  const Outcome profile = run({"tools", "--profile", "a&b=c"});
  EXPECT_EQ(profile.exit, 1);
  EXPECT_EQ(profile.err, "switchyard: there is no profile \"a&b=c\". There are: coding.\n");
  running_.token = "other";
  publish();
  const Outcome refused = run({"list"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("admin token"));
}

TEST_F(RemoteCommandsTest, AGatewayThatDoesNotAnswerIsNamed) {
  admin_->stop();
  const Outcome list = run({"list"});
  EXPECT_EQ(list.exit, 1);
  EXPECT_THAT(list.err, HasSubstr("pid 4321"));
  EXPECT_THAT(list.err, HasSubstr(" does not answer: connection refused. "));
  const Outcome call = run({"call", "files__read"});
  EXPECT_EQ(call.exit, 1);
  EXPECT_THAT(call.err, HasSubstr("http://127.0.0.1:1/mcp does not answer: connection refused. "));
}

TEST_F(RemoteCommandsTest, AnotherConfigurationIsNotAskedOfIt) {
  const std::string other = write("other.json", R"({"mcpServers":{"x":{"command":"/no/such/program"}}})");
  const Outcome list = run({"list", "--config", other});
  EXPECT_EQ(list.exit, 0);
  EXPECT_THAT(list.err, HasSubstr("uses " + running_.config));
  EXPECT_THAT(list.out, HasSubstr("x     failed"));
  // What is said on both outputs goes together.
  for (const Outcome& one : {list, run({"status", "--config", other})})
    EXPECT_THAT(one.out,
                StartsWith("No gateway runs here with " + other + "; its servers were started for this command alone.\n\n"));
  const Outcome same = run({"list", "--config", folder_ + "/./switchyard.json"});
  EXPECT_EQ(same.err, "");
  EXPECT_THAT(same.out, HasSubstr("linear"));
}

TEST_F(RemoteCommandsTest, ErrorsOfTheGatewayStayAsTheyAre) {
  const Outcome profile = run({"tools", "--profile", "none", "--json"});
  EXPECT_EQ(profile.exit, 1);
  EXPECT_EQ(json::parse(profile.out),
            json::parse(
                R"({"error":{"reason":"config_invalid","message":"there is no profile \"none\"","remedy":"There are: coding."}})"));
  EXPECT_EQ(json::parse(run({"status", "none", "--json"}).out).at("error").at("reason"), "config_invalid");
}

TEST_F(RemoteCommandsTest, StdioServesNoOtherConfigurationThanTheOneNamed) {
  const EmptyInput input;
  const std::string other = write("other.json", R"({"mcpServers":{"x":{"command":"/no/such/program"}}})");
  const std::string refusal = "switchyard: the gateway that runs (pid 4321) uses " + running_.config + ", not " + other +
                              ". Give the servers of " + other + " a gateway of their own with --state DIR.\n";
  const Outcome option = run({"serve", "--stdio", "--config", other});
  EXPECT_EQ(option.exit, 1);
  EXPECT_EQ(option.out, "");
  EXPECT_EQ(option.err, refusal);
  variables_["SWITCHYARD_CONFIG"] = other;
  const Outcome variable = run({"serve", "--stdio"});
  EXPECT_EQ(variable.exit, 1);
  EXPECT_EQ(variable.err, refusal);
  EXPECT_THAT(run({"serve", "--stdio", "--config", running_.config}).err, Not(HasSubstr("a gateway of their own")));
}

TEST_F(RemoteCommandsTest, StdioRefusesAProfileThatIsNotThere) {
  const Outcome serve = run({"serve", "--stdio", "--profile", "none"});
  EXPECT_EQ(serve.exit, 1);
  EXPECT_EQ(serve.err, "switchyard: there is no profile \"none\". There are: coding.\n");
}

TEST_F(RemoteCommandsTest, CallSpeaksMcp) {
  std::vector<std::string> requests;
  const Outcome call = call_against(
      http_answer(200, "application/json", R"({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"hi"}]}})"),
      &requests);
  EXPECT_EQ(call.exit, 0) << call.err;
  EXPECT_EQ(call.out, "hi\n");
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_THAT(requests[0], StartsWith("POST /mcp/a%20b HTTP/1.1\r\n"));
  EXPECT_THAT(requests[2], HasSubstr("Accept: application/json, text/event-stream\r\n"));
  EXPECT_THAT(requests[2], HasSubstr("Mcp-Session-Id: s1\r\n"));
  EXPECT_THAT(requests[2], HasSubstr(R"("name":"files__read","arguments":{"path":"/x"})"));
  EXPECT_THAT(requests[3], StartsWith("DELETE /mcp/a%20b HTTP/1.1\r\n"));
}

TEST_F(RemoteCommandsTest, CallReadsStreams) {
  const std::string events =
      ": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1}}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"streamed\"}]}}\n\n";
  const Outcome call = call_against(mcp::chunked_answer(200, "text/event-stream", events, 7));
  EXPECT_EQ(call.exit, 0) << call.err;
  EXPECT_EQ(call.out, "streamed\n");
  const Outcome cut = call_against(mcp::chunked_answer(200, "text/event-stream", ": hello\n\n", 7));
  EXPECT_EQ(cut.exit, 1);
  EXPECT_THAT(cut.err, HasSubstr("broke off"));
}

TEST_F(RemoteCommandsTest, CallTellsFailures) {
  const Outcome tool = call_against(
      http_answer(200,
                  "application/json",
                  R"({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"no disk"}],"isError":true}})"));
  EXPECT_EQ(tool.exit, 1);
  EXPECT_EQ(tool.out, "");
  EXPECT_EQ(tool.err, "switchyard: files__read failed: no disk\n");
  const Outcome ours = call_against(http_answer(
      200,
      "application/json",
      R"({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"calling \"read\" of server \"files\" failed: too late."}],)"
      R"("isError":true,"_meta":{"switchyard/error":{"reason":"timeout","server":"files"}}}})"));
  EXPECT_EQ(ours.exit, 1);
  EXPECT_EQ(ours.err, "switchyard: calling \"read\" of server \"files\" failed: too late.\n");
  const Outcome rpc = call_against(
      http_answer(200, "application/json", R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"no such tool"}})"));
  EXPECT_EQ(rpc.exit, 1);
  EXPECT_EQ(rpc.err, "switchyard: no such tool\n");
  const Outcome http = call_against(http_answer(502, "text/html", "<html>"));
  EXPECT_EQ(http.exit, 1);
  EXPECT_THAT(http.err, HasSubstr("HTTP 502"));
}

TEST_F(RemoteCommandsTest, ASecondGatewayIsRefused) {
  const std::string config = write("switchyard.json", R"({"mcpServers":{}})");
  const Outcome serve = run({"serve", "--config", config, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
  EXPECT_EQ(serve.exit, 1);
  EXPECT_EQ(serve.out, "");
  EXPECT_THAT(serve.err, HasSubstr("pid 4321"));
}

}  // namespace
}  // namespace gateway

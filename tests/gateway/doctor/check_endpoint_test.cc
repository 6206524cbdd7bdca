#include "gateway/doctor/check_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "tests/gateway/doctor/checks.h"
#include "tests/support/certificates.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ServerSpec server(const std::string& url, std::vector<std::pair<std::string, std::string>> headers = {}) {
  ServerSpec spec;
  spec.name = ServerName("s");
  spec.transport = HttpSpec{.url = url, .headers = std::move(headers), .ca_file = "", .kind = HttpKind::unknown};
  return spec;
}

struct AnswerCase {
  int status;
  const char* content_type;
  const char* shown;  // how it begins; "" = a POST has to tell
};

TEST(JudgeGetTest, WhereNobodyIsToLogInTheSettingIsNamed) {
  ServerSpec spec = server("https://h/mcp");
  std::get<HttpSpec>(spec.transport).access.login = false;
  const auto check = judge_get(spec, {.status = 401});
  ASSERT_TRUE(check);
  EXPECT_THAT(shown({*check}), testing::HasSubstr("| Take \"oauth\": false out of its entry and run: switchyard login s (or, "));
}

TEST(JudgeGetTest, Statuses) {
  const AnswerCase cases[] = {
      {405, "", "ok s: https://h answers (HTTP 405)"},
      {200, "text/event-stream", "ok s: https://h answers (HTTP 200)"},
      {200, "text/html", ""},
      {400, "application/json", ""},
      {404, "text/html", ""},
      {401,
       "",
       "error s: the server wants a login (HTTP 401) | Run: switchyard login s (or, where it takes a fixed token, set \"headers\""},
      {403, "", "error s: the server wants a login (HTTP 403)"},
      {429, "", "warning s: the server answers HTTP 429: too many requests"},
      {502, "", "error s: the server answers HTTP 502: it has trouble of its own"},
  };
  for (const auto& [status, content_type, wanted] : cases) {
    const auto check = judge_get(server("https://h/mcp"), {.status = status, .content_type = content_type});
    EXPECT_EQ(check.has_value(), *wanted != '\0') << status;
    EXPECT_THAT(check ? shown({*check}) : "", StartsWith(wanted)) << status;
  }
}

TEST(JudgeGetTest, ATokenThatIsNotTaken) {
  const auto with_token = server("https://h/mcp", {{"Authorization", "Bearer hush-hush"}});
  EXPECT_THAT(shown({*judge_get(with_token, {.status = 401})}),
              StartsWith("error s: the token in its \"headers\" is not accepted (HTTP 401)"));
  EXPECT_THAT(shown({*judge_get(with_token, {.status = 403})}),
              StartsWith("error s: the token in its \"headers\" may not do that (HTTP 403)"));
  EXPECT_THAT(shown({*judge_get(with_token, {.status = 401})}), Not(HasSubstr("hush")));
}

TEST(JudgeGetTest, ARedirect) {
  HttpAnswer answer{.status = 307};
  answer.location = "/other/mcp?key=hush-hush";
  EXPECT_EQ(shown({*judge_get(server("https://h/mcp"), answer)}),
            "error s: the server sends clients elsewhere (HTTP 307), to https://h/other/mcp | Write that as \"url\".\n");
}

TEST(JudgePostTest, Statuses) {
  const AnswerCase cases[] = {
      {200, "application/json", "ok s: https://h answers (HTTP 200)"},
      {202, "", "ok s: https://h answers (HTTP 202)"},
      {400, "application/json", "ok s: https://h answers (HTTP 400)"},
      {401, "", "error s: the server wants a login"},
      {404,
       "text/html",
       "error s: there is no MCP endpoint at that path (HTTP 404) | Check the path in \"url\": it often ends in /mcp"},
      {405, "", "error s: there is no MCP endpoint at that path (HTTP 405)"},
      {200, "text/html", "error s: what answers there is no MCP server: HTTP 200 with text/html"},
  };
  for (const auto& [status, content_type, wanted] : cases)
    EXPECT_THAT(shown({judge_post(server("https://h/mcp"), {.status = status, .content_type = content_type})}), StartsWith(wanted))
        << status;
  HttpAnswer no_session{.status = 404};
  no_session.message = *mcp::Message::parse(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no session"}})");
  EXPECT_EQ(judge_post(server("https://h/mcp"), no_session).level, CheckLevel::ok);
}

TEST(CheckAddressTest, CredentialsInTheClear) {
  const std::pair<std::string, std::string> token = {"Authorization", "Bearer hush-hush"};
  EXPECT_THAT(shown(check_address_of(server("http://h.example/mcp", {token}))),
              StartsWith("warning s: its credentials travel readable"));
  EXPECT_THAT(shown(check_address_of(server("http://h.example/mcp?api_key=hush-hush"))), HasSubstr("credentials"));
  EXPECT_EQ(shown(check_address_of(server("https://h.example/mcp", {token}))), "");
  EXPECT_EQ(shown(check_address_of(server("http://127.0.0.1:1/mcp", {token}))), "");
  EXPECT_EQ(shown(check_address_of(server("http://h.example/mcp"))), "");
}

class CheckEndpointTest : public testing::Test {
 protected:
  std::string look(const ServerSpec& spec, const Environment& environment = environment_of({})) {
    const Checks checks =
        mcp::run_task(loop_, check_endpoint(loop_.get_executor(), spec, environment, login_, std::chrono::seconds(10)));
    EXPECT_TRUE(has_remedies(checks)) << shown(checks);
    return shown(checks);
  }

  FindLogin login_;
  boost::asio::io_context loop_;
};

/// Answers by method and path: "GET /mcp" → status.
mcp::ScriptedServer::Script by_path(std::map<std::string, int, std::less<>> statuses) {
  return [statuses = std::move(statuses)](mcp::ScriptedServer::Peer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      const std::string line = request.substr(0, request.find(" HTTP/"));
      const auto found = statuses.find(line);
      peer.send(mcp::http_answer(found == statuses.end() ? 404 : found->second, "text/plain", ""));
    }
  };
}

TEST_F(CheckEndpointTest, OneThatIsThere) {
  const mcp::ScriptedServer found(by_path({{"GET /mcp", 405}}));
  EXPECT_THAT(look(server(found.url())), StartsWith("ok s: http://127.0.0.1:"));
}

TEST_F(CheckEndpointTest, OneThatKnowsNoGet) {
  const mcp::ScriptedServer found(by_path({{"POST /mcp", 400}}));
  EXPECT_THAT(look(server(found.url())), HasSubstr("answers (HTTP 400)"));
}

TEST_F(CheckEndpointTest, AWrongPathAndTheRightOne) {
  const mcp::ScriptedServer found(by_path({{"GET /mcp", 401}}));
  const std::string url = found.url();
  const std::string origin = url.substr(0, url.size() - 4);
  EXPECT_EQ(
      look(server(origin + "/mpc")),
      "error s: there is no MCP endpoint at that path (HTTP 404) | There is something at " + url + ": try that as \"url\".\n");
  const mcp::ScriptedServer empty(by_path({}));
  EXPECT_THAT(look(server(empty.url())), HasSubstr("| Check the path"));
}

TEST_F(CheckEndpointTest, NobodyThere) {
  EXPECT_THAT(look(server("http://127.0.0.1:1/mcp")), StartsWith("error s: cannot connect to http://127.0.0.1:1"));
  EXPECT_THAT(look(server("http://127.0.0.1:1/mcp"), environment_of({{"HTTPS_PROXY", "http://p"}})), Not(HasSubstr("PROXY")));
}

TEST_F(CheckEndpointTest, OneBehindAProxy) {
  const mcp::ScriptedServer proxy(by_path({{"GET http://no-such-host.invalid/mcp", 405}}));
  const std::string at = "http://127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_EQ(look(server("http://no-such-host.invalid/mcp"), environment_of({{"http_proxy", at}})),
            "ok s: http://no-such-host.invalid answers (HTTP 405)\n");
  const std::string text =
      look(server("https://no-such-host.invalid/mcp"), environment_of({{"https_proxy", "http://127.0.0.1:1"}}));
  EXPECT_THAT(text, StartsWith("error s: cannot connect to the proxy http://127.0.0.1:1, which leads to https://no-such-host."));
  EXPECT_THAT(text, HasSubstr("| Check https_proxy"));
}

TEST_F(CheckEndpointTest, OneThatDoesNotAnswer) {
  const mcp::ScriptedServer silent([](mcp::ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  const Checks checks = mcp::run_task(
      loop_,
      check_endpoint(loop_.get_executor(), server(silent.url()), environment_of({}), login_, std::chrono::milliseconds(100)));
  EXPECT_THAT(shown(checks), StartsWith("error s: the server takes connections, but does not answer within"));
}

TEST_F(CheckEndpointTest, Certificates) {
  mcp::TestAuthority authority;
  const mcp::TempFolder folder;
  const std::string ca = folder.write("ca.pem", authority.pem());
  const auto look_at = [&](const mcp::CertificateSpec& certificate, const std::string& ca_file) {
    const mcp::ScriptedServer found(by_path({{"GET /mcp", 405}}), authority.server(certificate));
    ServerSpec spec = server(found.url());
    std::get<HttpSpec>(spec.transport).ca_file = ca_file;
    return look(spec);
  };
  EXPECT_THAT(look_at({.alternative_names = "IP:127.0.0.1"}, ca), StartsWith("ok s"));
  EXPECT_THAT(look_at({.alternative_names = "IP:127.0.0.1", .expired = true}, ca), HasSubstr("certificate has expired"));
  EXPECT_THAT(look_at({.alternative_names = "DNS:other.example"}, ca), HasSubstr("mismatch"));
  EXPECT_THAT(look_at({.alternative_names = "IP:127.0.0.1"}, ""), HasSubstr("set \"caFile\" to that authority's certificate"));
  const mcp::ScriptedServer plain([](mcp::ScriptedServer::Peer& peer) {
    peer.send(mcp::http_answer(400, "text/plain", ""));
    peer.wait_for_end();
  });
  EXPECT_THAT(look(server("https" + plain.url().substr(4))), HasSubstr("does not speak TLS on this port"));
}

}  // namespace
}  // namespace gateway

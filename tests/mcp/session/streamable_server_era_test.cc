// The server's face of streamable HTTP, from the wire: requests of revisions that we do not speak.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mcp/session/streamable_server_fixture.h"

namespace mcp {
namespace {

using nlohmann::json;

const std::string kClaim = "io.modelcontextprotocol/protocolVersion";

class StreamableServerEraTest : public StreamableServerTest {
 protected:
  static Request stateless(const std::string& method, const json& version, const std::string& session = {}) {
    const json body = {{"jsonrpc", "2.0"}, {"id", "q"}, {"method", method}, {"params", {{"_meta", {{kClaim, version}}}}}};
    return {.session = session, .body = body.dump()};
  }

  static Request with_version(Request request, const std::string& version) {
    request.more = "MCP-Protocol-Version: " + version + "\r\n";
    return request;
  }

  void expect_refused(const Request& request, const json& id, const std::string& requested) {
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 400) << request.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    const json message = json::parse(answer.body);
    EXPECT_EQ(message["id"], id);
    EXPECT_EQ(message["error"]["code"], -32022) << answer.body;
    const json data = {{"supported", {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}}, {"requested", requested}};
    EXPECT_EQ(message["error"]["data"], data);
  }
};

TEST_F(StreamableServerEraTest, AClaimInTheMetaIsAnsweredWithWhatWeSpeak) {
  start();
  for (const std::string& session : {std::string(), open()}) {
    expect_refused(stateless("tools/list", "2026-07-28", session), "q", "2026-07-28");
    expect_refused(stateless("server/discover", "2026-07-28", session), "q", "2026-07-28");
    expect_refused(stateless("initialize", "2027-01-01", session), "q", "2027-01-01");
    expect_refused(stateless("tools/list", "2025-11-25", session), "q", "2025-11-25");
    expect_refused(stateless("tools/list", 7, session), "q", "7");
    expect_refused(stateless("tools/list", std::string(5000, 'x'), session), "q", std::string(40, 'x'));
  }
  EXPECT_EQ(sessions(), 1u);
}

TEST_F(StreamableServerEraTest, DiscoverNeedsNoClaim) {
  start();
  expect_refused(call({}, "server/discover", 3), 3, "");
  expect_refused(call(open(), "server/discover", 3), 3, "");
}

TEST_F(StreamableServerEraTest, TheHeaderCountsWithAndWithoutASession) {
  start();
  const std::string id = open();
  expect_refused(with_version(call(id, "echo"), "1999-01-01"), 7, "1999-01-01");
  expect_refused(with_version(call({}, "echo"), "2026-07-28"), 7, "2026-07-28");
  expect_refused(with_version(initialize(), "2026-07-28"), 0, "2026-07-28");
  expect_refused(with_version(call("nothing", "echo"), "2026-07-28"), 7, "2026-07-28");
  expect_refused(with_version(listen(id), "1999-01-01"), nullptr, "1999-01-01");
  expect_refused(with_version({.method = "DELETE", .session = id}, "1999-01-01"), nullptr, "1999-01-01");
  expect_refused(with_version(notification(id, "notifications/initialized"), "1999-01-01"), nullptr, "1999-01-01");
  expect_refused(with_version({.session = id, .body = R"({"jsonrpc":"2.0","id":5,"result":{}})"}, "x"), nullptr, "x");
  for (const std::string version : {"2025-03-26", "2025-11-25"})
    EXPECT_EQ(ask(with_version(call(id, "echo"), version)).status, 200);
}

TEST_F(StreamableServerEraTest, OtherMetaIsNoClaim) {
  start();
  const std::string id = open();
  const json metas[] = {{{"progressToken", 1}},
                        {{"protocolVersion", "2026-07-28"}},
                        {{"io.modelcontextprotocol/clientInfo", {{"name", "x"}}}},
                        {{"x", {{kClaim, "2026-07-28"}}}},
                        nullptr,
                        json::array({kClaim})};
  for (const json& meta : metas) {
    const json body = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", "echo"}, {"params", {{"_meta", meta}, {kClaim, "2026-07-28"}}}};
    EXPECT_EQ(ask({.session = id, .body = body.dump()}).status, 200) << body;
  }
}

TEST_F(StreamableServerEraTest, InitializeInAnUnknownRevisionIsAnswered) {
  start();
  EXPECT_EQ(ask(initialize("2026-07-28")).status, 200);
}

}  // namespace
}  // namespace mcp

// Batches from servers on streamable HTTP: revision 2025-03-26 has them.
#include "tests/mcp/transport/streamable_client_test.h"

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Peer = ScriptedServer::Peer;

const std::string kNotice = R"({"jsonrpc":"2.0","method":"notifications/message"})";

class StreamableBatchTest : public StreamableClientTest {
 protected:
  /// What a call is answered with after a handshake of this revision, when the server sends `wire`.
  Result<Message> answer_of(ProtocolVersion version, const std::string& wire) {
    FakeMcpServer server([&](Peer& peer, const std::string& request) {
      if (request.contains("\"initialize\"")) return peer.send(http_answer(200, kJson, response_text(1)));
      return peer.send(request.contains("tools/call") ? wire : http_answer(202, "", ""));
    });
    receiver_.messages.clear();
    connect(server);
    shake_hands(version);
    auto answer = call(7);
    close();
    return answer;
  }
};

TEST_F(StreamableBatchTest, EachMessageCountsAsIfItHadComeAlone) {
  const std::string batch = "[" + kNotice + ",\n" + response_text(7) + "," + kPing + "]";
  const std::string stream = event_text(kNotice) + event_text("[" + kPing + "]") + event_text("[17," + response_text(7) + "]");
  const struct {
    std::string name, wire;
  } cases[] = {
      {"JSON", http_answer(200, kJson, batch)},
      {"JSON in chunks", chunked_answer(200, kJson, batch, 10)},
      {"one event", http_answer(200, kSse, event_text("[" + kNotice + "," + response_text(7) + "," + kPing + "]"))},
      {"many events", http_answer(200, kSse, stream)},
  };
  for (const auto& [name, wire] : cases) {
    SCOPED_TRACE(name);
    const auto answer = answer_of(ProtocolVersion::v2025_03_26, wire);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->text(), response_text(7));
    EXPECT_THAT(receiver_.messages, ElementsAre(Pair("notifications/message", 7), Pair("ping", 7)));
  }
}

TEST_F(StreamableBatchTest, ABatchThatIsNoAnswerFailsTheCall) {
  const std::string good = "[" + response_text(7) + "]";
  const struct {
    std::string name, wire, text;
    ProtocolVersion version = ProtocolVersion::v2025_03_26;
  } cases[] = {
      {"no response", http_answer(200, kJson, "[" + kNotice + "]"), "a batch without the response"},
      {"empty", http_answer(200, kJson, "[]"), "a batch without the response"},
      {"cut off", http_answer(200, kJson, good.substr(0, good.size() - 1)), "The batch is not valid JSON"},
      {"a foreign response", http_answer(200, kJson, "[" + response_text(8) + "]"), "the id 8"},
      {"a bad response", http_answer(200, kJson, R"([{"jsonrpc":"2.0","id":7,"result":{},"error":{}}])"), "no MCP message"},
      {"cut off in a stream", http_answer(200, kSse, event_text(good.substr(0, good.size() - 1))), "not valid JSON"},
      {"before there were any", http_answer(200, kJson, good), "batches are not supported", ProtocolVersion::v2024_11_05},
      {"after there were any", http_answer(200, kJson, good), "batches are not supported", ProtocolVersion::v2025_06_18},
      {"after, in a stream", http_answer(200, kSse, event_text(good)), "only MCP 2025-03-26", ProtocolVersion::v2025_11_25},
  };
  for (const auto& [name, wire, text, version] : cases) {
    SCOPED_TRACE(name);
    const auto answer = answer_of(version, wire);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::not_mcp);
    EXPECT_THAT(answer.error().text(), HasSubstr(text));
  }
}

TEST_F(StreamableBatchTest, TheStandingStreamHasThemToo) {
  FakeMcpServer server(
      [](Peer& peer, const std::string& request) {
        if (request.contains("\"initialize\"")) return peer.send(http_answer(200, kJson, response_text(1)));
        return peer.send(http_answer(202, "", ""));
      },
      [](Peer& peer, const std::string&) {
        peer.send(kSseHead + event_text("[" + kNotice + "," + response_text(7) + "," + kPing + "]"));
        peer.wait_for_end();
        return false;
      });
  connect(server);
  shake_hands(ProtocolVersion::v2025_03_26);
  run_until([this] { return receiver_.messages.size() == 2; });
  EXPECT_THAT(receiver_.messages, ElementsAre(Pair("notifications/message", std::nullopt), Pair("ping", std::nullopt)));
}

}  // namespace
}  // namespace mcp

// The server's face of streamable HTTP, from the wire: batches of MCP 2025-03-26.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mcp/session/streamable_server_fixture.h"

namespace mcp {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class StreamableServerBatchTest : public StreamableServerTest {
 protected:
  std::string open_in(const std::string& version) const { return ask(initialize(version)).header("Mcp-Session-Id"); }

  static json one(const std::string& method, const json& id) { return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}}; }

  static json note(const std::string& method, const json& params = json::object()) {
    return {{"jsonrpc", "2.0"}, {"method", method}, {"params", params}};
  }

  static Request batch(const std::string& session, const json& messages) { return {.session = session, .body = messages.dump()}; }

  static json answer_to(const std::string& method, const json& id) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", {{"method", method}}}};
  }

  static std::vector<json> read_all(RawClient& stream) {
    std::vector<json> all;
    for (Sse event = read_event(stream); !event.data.empty(); event = read_event(stream))
      all.push_back(json::parse(event.data));
    return all;
  }

  void expect_refused(const Request& request, const std::string& why) {
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 400) << request.body.substr(0, 200);
    const json message = json::parse(answer.body);
    EXPECT_EQ(message["error"]["code"], -32600);
    EXPECT_TRUE(message["id"].is_null());
    EXPECT_THAT(std::string(message["error"]["message"]), HasSubstr(why));
  }
};

TEST_F(StreamableServerBatchTest, EachAnswerIsAnEvent) {
  start();
  const std::string id = open_in("2025-03-26");
  auto client = this->client();
  client.send(text(batch(id, {one("wait", 1), note("notifications/roots/list_changed"), one("echo", "two"), one("ping", 3)})));
  EXPECT_EQ(client.read_head().header("Content-Type"), "text/event-stream");
  // Those behind one that takes long do not wait for it.
  EXPECT_EQ(json::parse(read_event(client).data), answer_to("echo", "two"));
  EXPECT_EQ(json::parse(read_event(client).data), answer_to("ping", 3));
  wait_until_called();
  let_go();
  EXPECT_THAT(read_all(client), UnorderedElementsAre(answer_to("wait", 1)));
  client.send(text(call(id, "echo")));
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(StreamableServerBatchTest, WhoTakesNoStreamGetsAnArray) {
  start();
  Request request = batch(open_in("2025-03-26"), {one("report", 1), one("echo", 2)});
  request.accept = "application/json";
  auto client = this->client();
  client.send(text(request));
  wait_until_called();
  let_go();
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(answer.body), json({answer_to("echo", 2), answer_to("report", 1)}));
}

TEST_F(StreamableServerBatchTest, WithoutRequestsThereIsNoAnswer) {
  start();
  const std::string id = open_in("2025-03-26");
  const json responses = {{{"jsonrpc", "2.0"}, {"id", 1}, {"result", json::object()}},
                          {{"jsonrpc", "2.0"}, {"id", 2}, {"error", {{"code", -1}, {"message", "no"}}}}};
  for (const json& messages : {json{note("notifications/initialized"), note("notifications/x")}, responses}) {
    const auto answer = ask(batch(id, messages));
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(StreamableServerBatchTest, AnElementThatIsNoMessageSpoilsItselfOnly) {
  start();
  Request request =
      batch(open_in("2025-03-26"), {1, json::array(), one("echo", 2), {{"jsonrpc", "1.0"}, {"id", 9}, {"method", "x"}}});
  request.accept = "application/json";
  const json answers = json::parse(ask(request).body);
  ASSERT_EQ(answers.size(), 4u);
  for (const std::size_t i : {0U, 1U, 2U})
    EXPECT_EQ(answers[i]["error"]["code"], -32600);
  EXPECT_TRUE(answers[0]["id"].is_null());
  EXPECT_EQ(answers[2]["id"], 9);
  EXPECT_EQ(answers[3], answer_to("echo", 2));
}

TEST_F(StreamableServerBatchTest, ACancellationMeetsARequestBeforeIt) {
  start();
  const std::string id = open_in("2025-03-26");
  for (const std::string& accept : {std::string(kBoth), std::string("application/json")}) {
    loop_.run([this] {
      shared_.waiting = {};
      shared_.cancelled = {};
    });
    Request request = batch(id, {one("wait", 1), note("notifications/cancelled", {{"requestId", 1}})});
    request.accept = accept;
    const auto answer = ask(request);
    EXPECT_EQ(cancelled_with(), ErrorCode::cancelled);
    EXPECT_EQ(answer.status, accept == kBoth ? 200 : 202);
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(StreamableServerBatchTest, IdsCountLikeThoseOfRequestsThatComeAlone) {
  start();
  Request request = batch(open_in("2025-03-26"), {one("wait", 1), one("echo", 1), one("initialize", 2)});
  expect_refused(request, "initialize may not be part of a batch");
  request.body = json({one("wait", 1), one("echo", 1), one("server/discover", 3)}).dump();
  auto client = this->client();
  client.send(text(request));
  client.read_head();
  EXPECT_THAT(read_event(client).data, HasSubstr("is in use"));
  EXPECT_THAT(read_event(client).data, HasSubstr("-32022"));
  wait_until_called();
  let_go();
  EXPECT_THAT(read_all(client), UnorderedElementsAre(answer_to("wait", 1)));
}

TEST_F(StreamableServerBatchTest, ABatchIsBounded) {
  start();
  const std::string id = open_in("2025-03-26");
  json many = json::array();
  for (int i = 0; i < 100; ++i)
    many.push_back(one("echo", i));
  auto client = this->client();
  client.send(text(batch(id, many)));
  client.read_head();
  EXPECT_EQ(read_all(client).size(), 100u);
  many.push_back(one("echo", 100));
  expect_refused(batch(id, many), "more than 100");
  expect_refused(batch(id, json::array()), "empty");
  const auto broken = ask({.session = id, .body = "[{\"jsonrpc\":"});
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(json::parse(broken.body)["error"]["code"], -32700);
}

TEST_F(StreamableServerBatchTest, OtherRevisionsHaveNone) {
  start();
  for (const std::string version : {"2024-11-05", "2025-06-18", "2025-11-25"})
    expect_refused(batch(open_in(version), json::array({one("echo", 1)})), "which only MCP 2025-03-26 knows");
  expect_refused(batch({}, json::array({one("echo", 1)})), "Mcp-Session-Id header is missing");
  EXPECT_EQ(ask(batch("nothing", json::array({one("echo", 1)}))).status, 404);
}

TEST_F(StreamableServerBatchTest, ABatchThatBreaksOffIsResumed) {
  start();
  const std::string id = open_in("2025-03-26");
  std::string last;
  {
    auto one_client = client();
    one_client.send(text(batch(id, {one("report", 1), one("echo", 2)})));
    one_client.read_head();
    read_event(one_client);
    last = read_event(one_client).id;
  }
  wait_until_called();
  let_go();
  auto again = client();
  again.send(text(resume(id, last)));
  EXPECT_EQ(again.read_head().status, 200);
  EXPECT_THAT(read_all(again), UnorderedElementsAre(answer_to("report", 1)));
}

TEST_F(StreamableServerBatchTest, DeletingTheSessionEndsABatch) {
  start();
  const std::string id = open_in("2025-03-26");
  auto client = this->client();
  client.send(text(batch(id, {one("wait", 1), one("echo", 2)})));
  client.read_head();
  read_event(client);
  wait_until_called();
  EXPECT_EQ(ask({.method = "DELETE", .session = id}).status, 200);
  const auto rest = read_all(client);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0]["error"]["data"]["reason"], "cancelled");
}

}  // namespace
}  // namespace mcp

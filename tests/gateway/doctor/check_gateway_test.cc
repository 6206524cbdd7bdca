#include "gateway/doctor/check_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/doctor/checks.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

GatewayFacts running(const std::string& servers, const std::string& more = "") {
  return {
      .running =
          RunningGateway{
              .pid = 4711, .mcp_url = "http://127.0.0.1:1/mcp", .admin_url = "http://127.0.0.1:2", .token = "hush", .config = "/c"},
      .status = R"({"gateway":{"version":")" SWITCHYARD_VERSION R"(","started":"2026-01-02T03:04:05Z")" + more +
                R"(},"servers":[)" + servers + "]}",
      .other_config = "",
      .servers = {}};
}

TEST(CheckGatewayTest, NoneRuns) {
  EXPECT_EQ(shown(check_gateway({.running = std::nullopt})), "note gateway: none runs | Start one with \"switchyard serve\".\n");
  EXPECT_THAT(shown(check_gateway({.running = mcp::fail(mcp::ErrorCode::io_error, "cannot read it", "Look.")})),
              HasSubstr("error gateway: cannot read it | Look."));
}

TEST(CheckGatewayTest, OneThatDoesNotAnswer) {
  GatewayFacts facts = running("");
  facts.status = mcp::fail(mcp::ErrorCode::connect_failed, "the gateway does not answer");
  EXPECT_THAT(shown(check_gateway(facts)),
              HasSubstr("error gateway: the gateway does not answer | Where that lasts, end it (kill 4711)"));
}

TEST(CheckGatewayTest, AllIsWell) {
  const Checks checks =
      check_gateway(running(R"({"name":"a","state":"ready"},{"name":"b","state":"dormant"},{"name":"c","state":"disabled"})"));
  EXPECT_EQ(shown(checks),
            "ok gateway: runs, pid 4711, since 2026-01-02T03:04:05Z, at http://127.0.0.1:1/mcp\n"
            "ok servers: 2 of 2 servers are up\n");
}

TEST(CheckGatewayTest, AnotherVersionOrFile) {
  GatewayFacts facts = running("");
  facts.status = R"({"gateway":{"version":"9.9.9"},"servers":[]})";
  facts.other_config = "/other.json";
  const std::string text = shown(check_gateway(facts));
  EXPECT_THAT(text, HasSubstr("warning version: the gateway that runs is version 9.9.9, this program is " SWITCHYARD_VERSION));
  EXPECT_THAT(text, HasSubstr("warning configuration: the gateway that runs has /c, not /other.json | "));
}

TEST(CheckGatewayTest, AReloadThatFailed) {
  EXPECT_THAT(
      shown(check_gateway(running("", R"(,"reload":{"error":{"message":"/c:1:2: no","remedy":"Mend it."}})"))),
      HasSubstr("error configuration: the last change was not taken up, the one before it is in force: /c:1:2: no | Mend it.\n"));
}

constexpr const char* kSick = R"(
  {"name":"a","state":"failed","transport":"stdio","cause":{"message":"command 'x' not found.","remedy":"Install it"}},
  {"name":"b","state":"broken","cause":{"message":"server \"b\" is left out","remedy":"Mend the file."}},
  {"name":"c","state":"backing_off","transport":"http","cause":{"message":"cannot connect"}},
  {"name":"d","state":"environment_absent","cause":{"message":"away"}},
  {"name":"e","state":"starting"},
  {"name":"f","state":"ready","sandboxDenied":["writing /x","connecting to 1.2.3.4:5"]})";

TEST(CheckGatewayTest, ServersThatAreNotUp) {
  const std::string text = shown(check_gateway(running(kSick)));
  EXPECT_THAT(
      text,
      HasSubstr(
          "error a: failed: command 'x' not found | Install it. See what it does when it is started alone: switchyard inspect a. "
          "Then run \"switchyard reload\".\n"));
  EXPECT_THAT(text, HasSubstr("error b: broken: server \"b\" is left out | Mend the file.\n"));
  EXPECT_THAT(text, HasSubstr("error c: backing_off: cannot connect\n"));
  EXPECT_THAT(text, HasSubstr("note d: environment_absent: away\n"));
  EXPECT_THAT(text, HasSubstr("note e: starting\n"));
  EXPECT_THAT(text, HasSubstr("warning f: its sandbox denied it: writing /x, connecting to 1.2.3.4:5 | "));
  EXPECT_THAT(text, HasSubstr("ok servers: 1 of 6 servers are up\n"));
}

TEST(CheckGatewayTest, OnlyTheServersThatWereAskedFor) {
  GatewayFacts facts = running(kSick);
  facts.servers = {"c"};
  const std::string text = shown(check_gateway(facts));
  EXPECT_THAT(text, HasSubstr("error c"));
  EXPECT_THAT(text, Not(HasSubstr("error a")));
  *facts.status = R"({"gateway":{"version":")" SWITCHYARD_VERSION R"("},"servers":[],"clashes":[{}]})";
  EXPECT_THAT(shown(check_gateway(facts)), Not(HasSubstr("names")));
  facts.servers.clear();
  EXPECT_THAT(shown(check_gateway(facts)), HasSubstr("note names: 1 thing is not offered"));
}

TEST(CheckTest, Json) {
  EXPECT_EQ(
      checks_json({{CheckGroup::state, "a\"", CheckLevel::warning, "m", "r"}, {CheckGroup::servers, "b", CheckLevel::error, "n"}}),
      R"({"checks":[{"group":"state","subject":"a\"","level":"warning","message":"m","remedy":"r"},)"
      R"({"group":"servers","subject":"b","level":"error","message":"n"}],"errors":1,"warnings":1,"notes":0})");
  EXPECT_EQ(checks_json({}), R"({"checks":[],"errors":0,"warnings":0,"notes":0})");
}

}  // namespace
}  // namespace gateway

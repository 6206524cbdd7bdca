#include "gateway/admin/explain_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_routes.h"
#include "gateway/admin/openapi.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class ExplainViewTest : public testing::Test {
 protected:
  AdminAnswer ask(AdminRequest request) {
    request.method = "GET";
    request.path = "/api/v1/explain";
    request.host = "127.0.0.1:7333";
    request.authorization = "Bearer secret";
    return answer_admin(request, "secret", source_);
  }

  FakeSource source_;
};

TEST_F(ExplainViewTest, SaysEverythingOfEachStep) {
  const auto answer = ask({.name = "files__write"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(
      answer.body,
      R"x({"name":"files__write","view":"/mcp","running":false,"callable":false,"matches":[{"server":"files","tool":"write",)x"
      R"x("name":"files__write","listed":false,"callable":false,"verdict":"not callable: denied","failed":"filter",)x"
      R"x("reason":"tool_filtered","remedy":"Allow it.","steps":[)x"
      R"x({"step":"configuration","outcome":"passed","found":"in f","facts":{"enabled":true,"file":"f\""}},)x"
      R"x({"step":"runtime","outcome":"warning","found":"ready.","remedy":"Do it.",)x"
      R"x("facts":{"state":"ready","since":"2001-09-09T01:46:40.000Z"}},)x"
      R"x({"step":"login","outcome":"not_applicable","found":"a program"},)x"
      R"x({"step":"discovery","outcome":"passed","found":"listed","facts":{"tools":14,"onlyFor":["{}"]}},)x"
      R"x({"step":"filter","outcome":"failed","found":"denied","reason":"tool_filtered","remedy":"Allow it."},)x"
      R"x({"step":"name","outcome":"not_reached"},{"step":"client_limits","outcome":"not_reached"}]}]})x");
  EXPECT_THAT(source_.requests, ElementsAre("explain files__write "));
}

TEST_F(ExplainViewTest, ANameThatNobodyHasIsAnAnswer) {
  source_.explained = {.asked = "\xFFx", .running = true, .view = "/mcp", .near = {"y"}, .starting = {"slow"}};
  source_.explained.unknown = mcp::Error{mcp::ErrorCode::unknown_tool, "nobody"};
  source_.explained.config_error = mcp::Error{mcp::ErrorCode::config_invalid, "broken", "Mend it."};
  const auto answer = ask({.name = "x"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "{\"name\":\"\uFFFDx\",\"view\":\"/mcp\",\"running\":true,\"callable\":false,\"matches\":[],"
            R"x("unknown":{"reason":"unknown_tool","message":"nobody"},"near":["y"],"starting":["slow"],)x"
            R"x("configError":{"reason":"config_invalid","message":"broken","remedy":"Mend it."}})x");
}

TEST_F(ExplainViewTest, WrongQuestionsAreRefused) {
  EXPECT_EQ(ask({}).status, 400);
  EXPECT_THAT(ask({}).body, HasSubstr("name=NAME"));
  EXPECT_THAT(source_.requests, ElementsAre());
  const auto profile = ask({.profile = "nope", .name = "x"});
  EXPECT_EQ(profile.status, 404);
  EXPECT_EQ(json::parse(profile.body).at("error").at("reason"), "config_invalid");
}

TEST_F(ExplainViewTest, TheApiIsDescribed) {
  const json document = json::parse(openapi_json());
  EXPECT_EQ(document.at("paths").at("/api/v1/explain").at("get").at("parameters").size(), 2U);
  const json& explanation = document.at("components").at("schemas").at("Explanation").at("properties");
  const json sample = json::parse(explain_json(sample_answer())).at("matches").at(0);
  for (const auto& [name, value] : sample.items())
    EXPECT_TRUE(explanation.contains(name)) << name;
}

}  // namespace
}  // namespace gateway

// What the admin API has to change a gateway that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_routes.h"
#include "gateway/admin/admin_views.h"
#include "gateway/admin/openapi.h"
#include "gateway/admin/plan_view.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AdminReloadTest : public testing::Test {
 protected:
  AdminAnswer ask(const std::string& method, const std::string& path, AdminRequest request = {}) {
    request.method = method;
    request.path = path;
    request.host = "127.0.0.1:7333";
    if (request.authorization.empty()) request.authorization = "Bearer secret";
    return answer_admin(request, "secret", source_);
  }

  static std::string reason(const AdminAnswer& answer) { return json::parse(answer.body).at("error").at("reason"); }

  static std::string message(const AdminAnswer& answer) { return json::parse(answer.body).at("error").at("message"); }

  FakeSource source_;
};

TEST_F(AdminReloadTest, APlanSaysEverythingOfEachServer) {
  const auto answer = ask("GET", "/api/v1/plan");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(
      answer.body,
      R"x({"servers":[{"name":"files","action":"keep","connection":[],"presentation":["tools.deny"],)x"
      R"x("text":"keep (only tools.deny changed; 1 tool leaves /mcp; 1 tool comes to /mcp)",)x"
      R"x("views":[{"view":"/mcp","gained":["files__new"],"lost":["files__old"]}]},)x"
      R"x({"name":"docs","action":"rename","before":"notes","connection":[],"presentation":[],"text":"rename (was notes)","views":[]},)x"
      R"x({"name":"linear","action":"restart","connection":["env KEY changed"],"presentation":[],)x"
      R"x("text":"restart (env KEY changed)","views":[]}],)x"
      R"x("settings":[{"what":"listen","effect":"needs_restart"},{"what":"startupWait","effect":"applied"}],)x"
      R"x("warnings":["f:1:2: odd"],)x"
      R"x("summary":"1 restart, 1 rename, 1 server kept, 1 setting waits for a restart of the gateway","changesNothing":false})x");
  EXPECT_THAT(source_.requests, ElementsAre("plan "));
}

TEST_F(AdminReloadTest, APlanOfAnotherFileNeedsItsWholePath) {
  EXPECT_EQ(ask("GET", "/api/v1/plan", {.config = "/x/other.json"}).status, 200);
  EXPECT_THAT(source_.requests, ElementsAre("plan /x/other.json"));
  const auto relative = ask("GET", "/api/v1/plan", {.config = "other.json"});
  EXPECT_EQ(relative.status, 400);
  EXPECT_EQ(reason(relative), "invalid_request");
  EXPECT_EQ(source_.requests.size(), 1U);
}

TEST_F(AdminReloadTest, AReloadIsPosted) {
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 200);
  EXPECT_THAT(source_.requests, ElementsAre("reload"));
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "POST, PUT", "POS", ""}) {
    const auto answer = ask(method, "/api/v1/reload");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.allow, "POST") << method;
    EXPECT_EQ(reason(answer), "method_not_allowed");
  }
  EXPECT_EQ(source_.requests.size(), 1U);
}

TEST_F(AdminReloadTest, NothingElseIsPosted) {
  for (const char* path : {"/", "/healthz", "/metrics", "/api/v1/servers", "/api/v1/plan", "/api/v1/environments"}) {
    const auto answer = ask("POST", path);
    EXPECT_EQ(answer.status, 405) << path;
    EXPECT_EQ(answer.allow, "GET, HEAD") << path;
  }
  const auto environment = ask("POST", "/api/v1/environments/devbox");
  EXPECT_EQ(environment.status, 405);
  EXPECT_EQ(environment.allow, "PUT, DELETE");
  EXPECT_THAT(source_.requests, IsEmpty());
}

TEST_F(AdminReloadTest, NobodyChangesAnythingWithoutTheToken) {
  for (const char* token : {"Bearer wrong", "Bearer ", "Basic secret", "x"}) {
    EXPECT_EQ(ask("POST", "/api/v1/reload", {.authorization = token}).status, 401);
    EXPECT_EQ(ask("GET", "/api/v1/plan", {.authorization = token}).status, 401);
    EXPECT_EQ(ask("PUT", "/api/v1/environments/x", {.authorization = token, .available = "true"}).status, 401);
    EXPECT_EQ(ask("DELETE", "/api/v1/environments/x", {.authorization = token}).status, 401);
  }
  // A web page that somebody has open.
  EXPECT_EQ(ask("POST", "/api/v1/reload", {.origin = "https://evil.example.com"}).status, 403);
  EXPECT_THAT(source_.requests, IsEmpty());
}

TEST_F(AdminReloadTest, ABrokenFileIsTheAskersToMend) {
  for (const auto code : {mcp::ErrorCode::config_invalid, mcp::ErrorCode::io_error}) {
    source_.planned = mcp::fail(code, "f:1:2: expected ','", "Mend it.");
    for (const auto& answer : {ask("POST", "/api/v1/reload"), ask("GET", "/api/v1/plan")}) {
      EXPECT_EQ(answer.status, 422);
      EXPECT_EQ(reason(answer), mcp::to_string(code));
      EXPECT_EQ(message(answer), "f:1:2: expected ','");
      EXPECT_THAT(answer.body, HasSubstr("Mend it."));
    }
  }
  source_.planned = mcp::fail(mcp::ErrorCode::shutting_down, "the gateway is stopping");
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 503);
  source_.planned = mcp::fail(mcp::ErrorCode::timeout, "too late");
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 503);
}

TEST_F(AdminReloadTest, EnvironmentsAreAnnounced) {
  EXPECT_EQ(ask("PUT", "/api/v1/environments/devbox", {.available = "true", .instance = "pod-7"}).status, 200);
  EXPECT_EQ(ask("PUT", "/api/v1/environments/devbox", {.available = "false"}).status, 200);
  EXPECT_EQ(ask("DELETE", "/api/v1/environments/devbox").status, 200);
  EXPECT_EQ(ask("PUT", "/api/v1/environments/a%2Db", {.available = "true"}).status, 200);
  EXPECT_THAT(source_.requests, ElementsAre("devbox there pod-7", "devbox away ", "devbox as configured ", "a-b there "));
}

TEST_F(AdminReloadTest, NoEnvironmentHasABadName) {
  for (const char* name : {"%2E%2E", "..", ".", "a/b", "a%2Fb", "a%00b", "a%20b", "%C3%A4", "a%0Ab"}) {
    const auto answer = ask("PUT", std::string("/api/v1/environments/") + name, {.available = "true"});
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(reason(answer), "invalid_request") << name;
    EXPECT_THAT(message(answer), HasSubstr("an environment's name is"));
  }
  EXPECT_EQ(ask("PUT", "/api/v1/environments/" + std::string(65, 'a'), {.available = "true"}).status, 400);
  EXPECT_EQ(ask("PUT", "/api/v1/environments/", {.available = "true"}).status, 400);
  EXPECT_THAT(source_.requests, IsEmpty());
}

TEST_F(AdminReloadTest, AnAnnouncementSaysYesOrNo) {
  for (const char* available : {"", "yes", "1", "TRUE", "true "}) {
    const auto answer = ask("PUT", "/api/v1/environments/devbox", {.available = available});
    EXPECT_EQ(answer.status, 400) << available;
    EXPECT_THAT(message(answer), HasSubstr("available=true or available=false"));
  }
  EXPECT_THAT(source_.requests, IsEmpty());
}

TEST_F(AdminReloadTest, EnvironmentsAreListed) {
  EXPECT_EQ(ask("GET", "/api/v1/environments").body, R"({"environments":[]})");
  source_.answer.environments = {
      {"devbox", {.available = true, .instance = 3, .why = "", .since = at_milliseconds(1'700'000'000'000)}},
      {"skills", {.available = false, .instance = 0, .why = "nobody has said", .since = at_milliseconds(1'700'000'000'000)}}};
  EXPECT_EQ(ask("GET", "/api/v1/environments").body,
            R"({"environments":[{"name":"devbox","available":true,"since":"2023-11-14T22:13:20.000Z","instance":3},)"
            R"({"name":"skills","available":false,"why":"nobody has said","since":"2023-11-14T22:13:20.000Z","instance":0}]})");
  const json whole = json::parse(ask("GET", "/api/v1/servers").body);
  EXPECT_EQ(whole.at("environments").at(1).at("name"), "skills");
}

TEST_F(AdminReloadTest, TheStatusSaysHowTheLastReloadWent) {
  source_.answer.reload = {.done = 3, .failed = 1, .at = at_milliseconds(1'700'000'000'000), .last = "1 restart"};
  source_.answer.reload.error = mcp::Error{mcp::ErrorCode::config_invalid, "f:1:2: expected ','", "Mend it."};
  const json reload = json::parse(ask("GET", "/api/v1/servers").body).at("gateway").at("reload");
  EXPECT_EQ(reload.at("done"), 3);
  EXPECT_EQ(reload.at("failed"), 1);
  EXPECT_EQ(reload.at("error").at("message"), "f:1:2: expected ','");
  const auto metrics = ask("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("reload"));
}

TEST_F(AdminReloadTest, NamesOfAnyKindMakeValidJson) {
  Plan plan;
  plan.servers.push_back({.name = ServerName("a\"\n\xFF"), .why = "\xC3("});
  plan.warnings = {"\xFF"};
  EXPECT_NO_THROW({ EXPECT_EQ(json::parse(plan_json(plan)).at("servers").size(), 1U); });
}

TEST_F(AdminReloadTest, TheApiIsDescribed) {
  const json paths = json::parse(openapi_json()).at("paths");
  EXPECT_TRUE(paths.at("/api/v1/plan").contains("get"));
  EXPECT_TRUE(paths.at("/api/v1/reload").contains("post"));
  EXPECT_TRUE(paths.at("/api/v1/environments").contains("get"));
  EXPECT_TRUE(paths.at("/api/v1/environments/{name}").contains("put"));
  EXPECT_TRUE(paths.at("/api/v1/environments/{name}").contains("delete"));
}

}  // namespace
}  // namespace gateway

// For each key of the file what a change of it does to the server it concerns, tried on servers that run.
#include <filesystem>
#include <ostream>
#include <set>

#include "gateway/config/environments.h"
#include "gateway/config/listener_access.h"
#include "gateway/config/profiles.h"
#include "gateway/config/server_entry.h"
#include "gateway/config/server_fields.h"
#include "gateway/config/top_level.h"
#include "tests/gateway/host/file_reload_fixture.h"
#include "tests/support/certificates.h"

namespace gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// What becomes of the server "mine".
enum class Fate { keep, restart, stop, start };

struct Case {
  std::string key;
  std::string before, after;  // the entry of "mine", an object; else what stands beside mcpServers
  Fate fate = Fate::keep;
  std::string words;    // of the plan about "mine"
  std::string setting;  // of the plan beside the servers; "" = none
  bool later = false;   // it waits for a restart of the gateway
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.key << ": " << one.before << " -> " << one.after;
}

const std::string kProgram = R"("command":"@PROGRAM@","args":["ok"])";
const std::string kRemote = R"("url":"@URL@")";
const std::string kBound = kProgram + R"(,"environment":"devbox")";
constexpr const char* kNothing = "keep (nothing of it changed)";

std::string entry(const std::string& more = "", const std::string& base = kProgram) {
  return "{" + base + (more.empty() ? "" : "," + more) + "}";
}

/// A file with this entry of "mine" and these keys beside mcpServers.
std::string file_with(const std::string& mine, const std::string& beside) {
  const std::string ours = beside.starts_with("\"listen\"") ? "" : R"("listen":"127.0.0.1:0",)";  // not another client's
  return "{" + ours + R"("mcpServers":{"mine":)" + mine + R"(,"other":{"command":"@PROGRAM@","args":["ok"]}})" +
         (beside.empty() ? "" : "," + beside) + "}";
}

/// A key of "oauth", which was not there before.
Case remote(std::string key, const std::string& oauth, Fate fate, std::string words) {
  return {std::move(key), entry(R"("oauth":{})", kRemote), entry(R"("oauth":{)" + oauth + "}", kRemote), fate, std::move(words)};
}

std::vector<Case> server_cases() {
  return {
      {"command", entry(), entry("", R"("command":"@DIR@/linked","args":["ok"])"), Fate::restart, "restart (command changed)"},
      {"args", entry(), entry("", R"("command":"@PROGRAM@","args":["ok","1"])"), Fate::restart, "restart (args[1] added)"},
      {"env", entry(R"("env":{"A":"1"})"), entry(R"("env":{"A":"2"})"), Fate::restart, "restart (env A changed)"},
      {"envFile", entry(), entry(R"("envFile":"vars.env")"), Fate::restart, "restart (env FROM_FILE added)"},
      {"cwd", entry(), entry(R"("cwd":"@DIR@")"), Fate::restart, "restart (cwd changed)"},
      {"url", entry("", kRemote), entry("", R"("url":"@URL@/")"), Fate::restart, "restart (url changed)"},
      {"headers",
       entry(R"("headers":{"X-Key":"1"})", kRemote),
       entry(R"("headers":{"X-Key":"2"})", kRemote),
       Fate::restart,
       "restart (header X-Key changed)"},
      {"caFile", entry("", kRemote), entry(R"("caFile":"ca.pem")", kRemote), Fate::restart, "restart (caFile changed)"},
      {"type", entry("", kRemote), entry(R"("type":"http")", kRemote), Fate::restart, "restart (type changed)"},
      {"enabled", entry(), entry(R"("enabled":false)"), Fate::stop, "stop (switched off; 1 tool leaves /mcp)"},
      {"disabled", entry(R"("disabled":true)"), entry(), Fate::start, "start (switched on)"},
      {"required", entry(), entry(R"("required":true)"), Fate::keep, "keep (only required changed)"},
      {"startupTimeout", entry(), entry(R"("startupTimeout":31)"), Fate::keep, "keep (only startupTimeout changed)"},
      {"callTimeout", entry(), entry(R"("callTimeout":31)"), Fate::keep, "keep (only callTimeout changed)"},
      {"tools.allow",
       entry(R"("tools":{"allow":["e*"]})"),
       entry(R"("tools":{"allow":["f*"]})"),
       Fate::keep,
       "keep (only tools.allow changed; 1 tool leaves /mcp)"},
      {"tools.deny",
       entry(R"("tools":{"deny":["e*"]})"),
       entry(R"("tools":{"deny":["f*"]})"),
       Fate::keep,
       "keep (only tools.deny changed; 1 tool comes to /mcp)"},
      {"tools.override",
       entry(),
       entry(R"("tools":{"override":{"echo":{"name":"say"}}})"),
       Fate::keep,
       "keep (only tools.override changed; 1 tool leaves /mcp; 1 tool comes to /mcp)"},
      {"sandbox", entry(), entry(R"("sandbox":"standard")"), Fate::restart, "restart (sandbox changed)"},
      {"isolation", entry(), entry(R"("isolation":"per_session")"), Fate::restart, "restart (isolation changed)"},
      {"start", entry(), entry(R"("start":"lazy")"), Fate::keep, "keep (only start changed)"},
      {"idleStop", entry(), entry(R"("idleStop":600)"), Fate::keep, "keep (only idleStop changed)"},
      {"pingInterval", entry(), entry(R"("pingInterval":5)"), Fate::keep, "keep (only pingInterval changed)"},
      {"maxConcurrent", entry(), entry(R"("maxConcurrent":5)"), Fate::keep, "keep (only maxConcurrent changed)"},
      {"validate", entry(), entry(R"("validate":true)"), Fate::keep, "keep (only validate changed)"},
      {"environment",
       entry(),
       entry("", kBound),
       Fate::restart,
       "restart (environment added, instance of environment devbox added)"},
      {"onLoginRequired",
       entry("", kRemote),
       entry(R"("onLoginRequired":"hide")", kRemote),
       Fate::keep,
       "keep (only onLoginRequired changed)"},
      remote("oauth.account", R"("account":"work")", Fate::restart, "restart (oauth.account added)"),
      remote("oauth.scopes", R"("scopes":["read"])", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.clientId", R"("clientId":"me")", Fate::keep, "keep (only oauth changed)"),
      {"oauth.grant",
       entry(R"("oauth":{"grant":"client_credentials","clientId":"me","privateKeyFile":"key.pem"})", kRemote),
       entry(R"("oauth":{"clientId":"me","privateKeyFile":"key.pem"})", kRemote),
       Fate::restart,
       "restart (oauth.grant removed)"},
      remote("oauth.clientSecret",
             R"("clientId":"me","clientSecret":"${TOKEN}","authorizationServer":"https://as.example")",
             Fate::keep,
             "keep (only oauth, what counts as a secret changed)"),
      remote("oauth.clientAuthentication", R"("clientAuthentication":"none")", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.privateKeyFile", R"("clientId":"me","privateKeyFile":"key.pem")", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.clientMetadataUrl", R"("clientMetadataUrl":"https://me.example/c")", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.authorizationServer", R"("authorizationServer":"https://as.example")", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.callbackPort", R"("callbackPort":8765)", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.callbackUrl", R"("callbackUrl":"http://localhost:1/x")", Fate::keep, "keep (only oauth changed)"),
      remote("oauth.allowPrivateAddresses",
             R"("allowPrivateAddresses":true)",
             Fate::restart,
             "restart (oauth.allowPrivateAddresses added)"),
      {"bearer.env", entry("", kRemote), entry(R"("bearer":{"env":"TOKEN"})", kRemote), Fate::restart, "restart (bearer added)"},
      {"bearer.file", entry("", kRemote), entry(R"("bearer":{"file":"token"})", kRemote), Fate::restart, "restart (bearer added)"},
      {"bearer.command",
       entry("", kRemote),
       entry(R"("bearer":{"command":["/bin/echo","t"]})", kRemote),
       Fate::restart,
       "restart (bearer added)"},
      {"bearer.timeout",
       entry(R"("bearer":{"command":["/bin/echo","t"]})", kRemote),
       entry(R"("bearer":{"command":["/bin/echo","t"],"timeout":5})", kRemote),
       Fate::restart,
       "restart (bearer changed)"},
  };
}

Case beside(std::string key, std::string before, std::string after, std::string setting, bool later = false) {
  return {std::move(key), std::move(before), std::move(after), Fate::keep, kNothing, std::move(setting), later};
}

std::string profile_of(const std::string& fields) {
  return R"("profiles":{"coding":{)" + fields + "}}";
}

std::string devbox(const std::string& fields) {
  return R"("environments":{"devbox":{)" + fields + "}}";
}

/// Of what stands beside mcpServers. "mine" is bound to the environment devbox where the case is of environments.
std::vector<Case> other_cases() {
  const std::string there = R"("probe":["@PROGRAM@","exit-before-init","0"])";
  return {
      // Other entries do not concern this one.
      {"mcpServers", entry(), entry() + R"(,"new":{"command":"@PROGRAM@","args":["ok"]})", Fate::keep, kNothing},
      beside("$schema", "", R"("$schema":"https://example.com/schema.json")", ""),
      beside("profiles", "", profile_of(R"("servers":["mine"])"), "profile coding added"),
      {"profiles.servers",
       profile_of(R"("servers":["mine"])"),
       profile_of(R"("servers":[])"),
       Fate::keep,
       "keep (nothing of it changed; 1 tool leaves profile coding)",
       "profile coding changed"},
      beside("profiles.maxNameLength",
             profile_of(R"("servers":["mine"])"),
             profile_of(R"("servers":["mine"],"maxNameLength":60)"),
             "profile coding changed"),
      beside("listen", "", R"("listen":"127.0.0.1:7332")", "listen", true),
      beside("admin", "", R"("admin":"127.0.0.1:7999")", "admin", true),
      beside("startupWait", "", R"("startupWait":3)", "startupWait"),
      beside("maxNameLength", "", R"("maxNameLength":60)", "maxNameLength"),
      beside("listPageSize", "", R"("listPageSize":7)", "listPageSize"),
      beside("allowedOrigins", "", R"("allowedOrigins":["https://app.example.com"])", "allowedOrigins"),
      beside("allowedHosts", "", R"("allowedHosts":["gateway.example.com"])", "allowedHosts"),
      beside("environments",
             devbox(R"("available":true)"),
             R"("environments":{"devbox":{"available":true},"x":{}})",
             "environment x added"),
      {"environments.available",
       devbox(R"("available":true)"),
       devbox(R"("available":false)"),
       Fate::stop,
       "stop (its environment is not there; 1 tool leaves /mcp)",
       "environment devbox changed"},
      {"environments.path",
       devbox(R"("path":"@DIR@")"),
       devbox(R"("path":"@DIR@/nowhere")"),
       Fate::stop,
       "stop (its environment is not there; 1 tool leaves /mcp)",
       "environment devbox changed"},
      {"environments.probe",
       devbox(there),
       devbox(R"("probe":["@PROGRAM@","exit-before-init","1"])"),
       Fate::stop,
       "stop (its environment is not there; 1 tool leaves /mcp)",
       "environment devbox changed"},
      beside("environments.interval", devbox(there), devbox(there + R"(,"interval":11)"), "environment devbox changed"),
      beside("environments.probeTimeout", devbox(there), devbox(there + R"(,"probeTimeout":31)"), "environment devbox changed"),
      // Their places are taken for what comes; they have no effect yet, and are said to have none.
      beside("policy", "", R"("policy":{"a":1})", ""),
      beside("connectors", "", R"("connectors":{"a":1})", ""),
      beside("agent", "", R"("agent":{"a":1})", ""),
      beside("access.tokens",
             R"("access":{"tokens":{"ci":{"env":"CI"}}})",
             R"("access":{"tokens":{"ci":{"env":"CI"},"ana":{"file":"token"}}})",
             "access.tokens"),
      // Another certificate, and TLS at all: the listener is opened anew for that.
      beside("access.tls",
             R"("access":{"tls":{"certificate":"c.pem","key":"k.pem"}})",
             R"("access":{"tls":{"certificate":"d.pem","key":"k.pem"}})",
             "access.tls"),
      beside("access", "", R"("access":{"tls":{"certificate":"c.pem","key":"k.pem"}})", "access.tls", true),
      beside("access.behindProxy", "", R"("access":{"behindProxy":true})", "access.behindProxy", true),
      beside("limits.processes", "", R"("limits":{"processes":9})", "limits"),
      beside("limits.memoryMiB", "", R"("limits":{"memoryMiB":999999})", "limits"),
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = server_cases();
  std::ranges::move(other_cases(), std::back_inserter(cases));
  return cases;
}

class ReloadFieldsTest : public FileReloadTest, public testing::WithParamInterface<Case> {
 protected:
  ReloadFieldsTest() {
    web_ = &add_server({"echo"});
    marks_["@URL@"] = web_->url();
    std::filesystem::create_symlink(mcp::program_path("stdio_fault"), folder_.file("linked"));
    folder_.write("vars.env", "FROM_FILE=1\n");
    folder_.write("ca.pem", authority_.pem());
    folder_.write("key.pem", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    folder_.write("token", "t\n");
    variables_["TOKEN"] = "t-of-a-variable";
  }

  static std::string file_of(const Case& one, const std::string& part) {
    if (one.before.starts_with("{")) {
      return file_with(part, one.key == "environment" ? devbox(R"("available":true)") : "");
    }
    const std::string mine = one.key.starts_with("environments") ? entry("", kBound) : entry();
    return file_with(mine, part);
  }

  /// How often a server behind "mine" was begun: programs that this gateway started, sessions that the remote one gave.
  std::size_t begun() { return servers_started_by("mine") + web_->count("initialize"); }

  std::size_t servers_started_by(const std::string& name) {
    if (const auto now = pid(name); now && (seen_.empty() || seen_.back() != *now)) seen_.push_back(*now);
    return seen_.size();
  }

  mcp::TestAuthority authority_;
  mcp::FakeServer* web_ = nullptr;
  std::vector<pid_t> seen_;  // pids of "mine"
};

TEST_P(ReloadFieldsTest, AChangeDoesToTheServerWhatItMustAndNoMore) {
  const Case& one = GetParam();
  ASSERT_NO_FATAL_FAILURE(start_file(file_of(one, one.before)));
  const auto runtime_before = runtime("mine");
  const auto other_before = pid("other");
  const std::size_t begun_before = begun();
  write(file_of(one, one.after));
  const auto planned = plan_file();
  ASSERT_TRUE(planned) << planned.error().text();
  EXPECT_EQ(runtime("mine"), runtime_before) << "a plan does nothing";

  const auto done = reload_file();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(texts(*done), texts(*planned)) << "what was planned is what is done";
  EXPECT_THAT(texts(*done), Contains(HasSubstr("mine: " + one.words)));
  std::vector<std::string> settings;
  for (const SettingStep& step : done->settings) {
    settings.push_back(step.what);
    EXPECT_EQ(step.effect == SettingStep::Effect::needs_restart, one.later);
  }
  EXPECT_THAT(settings, testing::ElementsAreArray(one.setting.empty() ? std::vector<std::string>() : std::vector{one.setting}));

  mcp::run_task(loop_, watched_->wait_looked(std::chrono::steady_clock::time_point::max()));
  settle_all();
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  const auto runtime_after = runtime("mine");
  switch (one.fate) {
    case Fate::keep:
      EXPECT_EQ(runtime_after, runtime_before);
      EXPECT_EQ(begun(), begun_before);
      break;
    case Fate::restart:
      EXPECT_NE(runtime_after, runtime_before);
      EXPECT_EQ(begun(), begun_before + 1);
      break;
    case Fate::stop:
      EXPECT_EQ(runtime_after, nullptr);
      EXPECT_EQ(begun(), begun_before);
      break;
    case Fate::start:
      EXPECT_EQ(runtime_before, nullptr);
      EXPECT_EQ(begun(), begun_before + 1);
      break;
  }
  if (runtime_after) {
    EXPECT_EQ(runtime_after->state(), RuntimeState::ready) << runtime_after->unavailable().text();
  }
  EXPECT_EQ(pid("other"), other_before);

  const auto again = reload_file();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->changes_nothing()) << testing::PrintToString(texts(*again));
}

INSTANTIATE_TEST_SUITE_P(Keys, ReloadFieldsTest, testing::ValuesIn(all_cases()), [](const auto& of) {
  std::string name = of.param.key;
  std::erase_if(name, [](char c) { return c == '.' || c == '$'; });
  return name;
});

/// A key that is added to the file needs a case above.
TEST(ReloadFieldsTableTest, EveryKeyHasACase) {
  std::set<std::string> keys;
  const auto add = [&keys](const std::string& prefix, const auto& names) {
    for (const std::string_view name : names)
      keys.insert(prefix + std::string(name));
  };
  add("", own_server_keys());
  EXPECT_EQ(keys.erase("tools"), 1U) << "its keys have a case each";
  add("tools.", kToolsKeys);
  EXPECT_EQ(keys.erase("oauth"), 1U) << "likewise";
  add("oauth.", kOauthKeys);
  EXPECT_EQ(keys.erase("bearer"), 1U) << "likewise";
  add("bearer.", kBearerKeys);
  add("", own_top_level_keys());
  EXPECT_EQ(keys.erase("limits"), 1U) << "likewise";
  add("limits.", kLimitKeys);
  add("access.", kAccessKeys);
  add("profiles.", kProfileKeys);
  add("environments.", kEnvironmentKeys);
  std::set<std::string> tried;
  for (const Case& one : all_cases()) {
    EXPECT_TRUE(tried.insert(one.key).second) << one.key << " has two cases";
    EXPECT_NE(one.before, one.after) << one.key;
  }
  EXPECT_EQ(tried, keys);
}

}  // namespace
}  // namespace gateway

#include "gateway/doctor/check_configuration.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/server_identity.h"
#include "gateway/doctor/check_ports.h"
#include "gateway/host/identity_key.h"
#include "gateway/upstream/catalog_store.h"
#include "tests/gateway/doctor/checks.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CheckConfigurationTest : public testing::Test {
 protected:
  std::string write(const std::string& text, mode_t mode = 0600) const {
    const std::string file = folder_.write("c.json", text);
    ::chmod(file.c_str(), mode);
    return file;
  }

  mcp::Result<Config> load() const { return load_config(folder_.file("c.json"), environment_); }

  Checks look() const { return check_configuration(place_, load()); }

  /// What is found in a file with this text.
  std::string found(const std::string& text, mode_t mode = 0600) const {
    write(text, mode);
    return shown(look());
  }

  Config config(const std::string& text) const {
    write(text);
    auto config = load();
    EXPECT_TRUE(config) << config.error().text();
    return config ? std::move(*config) : Config();
  }

  const mcp::TempFolder folder_;
  Environment environment_ = environment_of({{"HOME", "/home/x"}});
  ConfigurationPlace place_{.file = folder_.file("c.json"), .chosen_by = "--config"};
};

TEST_F(CheckConfigurationTest, OneThatIsFine) {
  write(R"({"mcpServers":{"a":{"command":"x"},"b":{"command":"y","enabled":false}}})", 0644);
  EXPECT_EQ(worst(look()), CheckLevel::ok) << shown(look());
  EXPECT_THAT(shown(look()), HasSubstr("ok file: " + place_.file + ", named by --config"));
  EXPECT_THAT(shown(look()), HasSubstr("ok servers: 2, 1 of them switched off"));
}

TEST_F(CheckConfigurationTest, OneThatIsNotThere) {
  place_.passed = {"/nowhere/usual.json"};
  EXPECT_EQ(shown(look()),
            "error file: " + place_.file +
                ", named by --config, is not there | Correct the name, or begin the file with: switchyard "
                "--config " +
                place_.file + " add NAME -- COMMAND\n");
  place_.passed = {folder_.write("usual.json", "{}")};
  EXPECT_THAT(shown(look()), HasSubstr("note file: " + place_.passed.front() + " is there, and is not read"));
  EXPECT_THAT(shown(look()), Not(HasSubstr("nor is there")));
  place_ = {.file = folder_.file("none at all.json"), .chosen_by = "SWITCHYARD_CONFIG", .passed = {}};
  EXPECT_THAT(shown(check_configuration(place_, load_config(place_.file, environment_))),
              HasSubstr("switchyard --config '" + place_.file + "' add NAME"));
  place_.chosen_by = "";
  EXPECT_THAT(shown(check_configuration(place_, load_config(place_.file, environment_))),
              HasSubstr("no such file | Begin one with"));
}

TEST_F(CheckConfigurationTest, AnotherThatIsNotRead) {
  write("{}");
  place_.passed = {folder_.write("usual.json", "{}"), "/nowhere"};
  EXPECT_THAT(shown(look()), HasSubstr("note file: " + folder_.file("usual.json") + " is there too, and is not read"));
  EXPECT_THAT(shown(look()), Not(HasSubstr("/nowhere")));
}

TEST_F(CheckConfigurationTest, EveryMistakeOfTheFileHasItsLine) {
  const std::string text = found("{\"mcpServrs\": {},\n \"listen\": 5}");
  EXPECT_THAT(
      text,
      HasSubstr("error file: " + place_.file + ":1:2: mcpServrs: unknown key \"mcpServrs\" | Did you mean \"mcpServers\"?\n"));
  EXPECT_THAT(text, HasSubstr("error file: " + place_.file + ":2:12: listen: "));
  EXPECT_TRUE(has_remedies(look())) << text;
  EXPECT_THAT(found("{\"mcpServers\": {\n  \"a\": {\"command\" \"x\"}}}"), HasSubstr(":2:"));
}

TEST_F(CheckConfigurationTest, AQuotedTextIsNotCutApart) {
  EXPECT_THAT(found(R"({"mcpServers":{"c":{"command":"x"}},"profiles":{"p":{"servers":["a; b"]}}})"),
              HasSubstr(R"(there is no server "a; b" | The profile goes without it; known here: c.)"));
  EXPECT_THAT(found("{\"mcpServers\": \xe2\x80\x9cx\xe2\x80\x9d}"), HasSubstr("error file: "));
}

TEST_F(CheckConfigurationTest, MistakesOfAServerAreItsOwn) {
  const std::string text =
      found(R"({"mcpServers":{"a":{"command":"x","args":["${NO_SUCH}"]},"a.b":{"command":5},"ok":{"command":"x y"}}})");
  EXPECT_THAT(
      text, HasSubstr("error a: " + place_.file + ":1:43: mcpServers.a.args[0]: the variable NO_SUCH is not set | Set it where "));
  EXPECT_THAT(text, HasSubstr("error a.b: "));
  EXPECT_THAT(text, HasSubstr("warning ok: "));
  EXPECT_THAT(text, HasSubstr("ok servers: 3, 2 of them left out for mistakes"));
}

TEST_F(CheckConfigurationTest, NoServers) {
  EXPECT_THAT(found("{}"), HasSubstr("warning servers: none in "));
}

TEST_F(CheckConfigurationTest, WhoMayReadIt) {
  const std::string secret = R"({"mcpServers":{"a":{"command":"x","env":{"GITHUB_TOKEN":"hush-hush"}}}})";
  EXPECT_THAT(found(secret, 0600), Not(HasSubstr("permissions")));
  EXPECT_THAT(found(secret, 0644),
              HasSubstr("warning permissions: " + place_.file + " holds secrets, written out, and may be read"));
  EXPECT_THAT(found(secret, 0644), Not(HasSubstr("hush-hush")));
  const std::string plain = R"({"mcpServers":{"a":{"command":"x"}}})";
  EXPECT_THAT(found(plain, 0664), HasSubstr("warning permissions: " + place_.file + " may be changed by other users (0664)"));
  const std::string env = folder_.write("a.env", "TOKEN=x\n");
  ::chmod(env.c_str(), 0644);
  EXPECT_THAT(found(R"({"mcpServers":{"a":{"command":"x","envFile":"a.env"}}})"),
              HasSubstr("a.env is the envFile of a server and may be read"));
  place_.file = folder_.write("my conf.json", plain);
  ::chmod(place_.file.c_str(), 0664);
  EXPECT_THAT(shown(check_configuration(place_, load_config(place_.file, environment_))),
              HasSubstr("chmod go-w '" + place_.file + "'."));
}

TEST_F(CheckConfigurationTest, Profiles) {
  const Config all = config(R"({"mcpServers":{"a":{"command":"x"},"off":{"command":"x","enabled":false}},
                               "profiles":{"good":{"servers":["a"]},"empty":{"servers":[]},"dark":{"servers":["off"]}}})");
  EXPECT_EQ(shown(check_contents(all, environment_)),
            "warning profile empty: has no servers: /mcp/empty offers nothing | List servers in its \"servers\", or take the "
            "profile out.\n"
            "warning profile dark: has no server that runs: all of them are switched off or have mistakes | List servers in its "
            "\"servers\", or take the profile out.\n");
}

TEST_F(CheckConfigurationTest, Environments) {
  const Config all = config(R"({"mcpServers":{"a":{"command":"x","environment":"box"},"b":{"command":"x","environment":"bx"}},
                               "environments":{"box":{}}})");
  const std::string text = shown(check_contents(all, environment_));
  EXPECT_THAT(text, HasSubstr("warning b: is bound to the environment \"bx\""));
  EXPECT_THAT(text, HasSubstr("| Did you mean \"box\"? Else describe it in \"environments\""));
  const Config far = config(R"({"mcpServers":{"b":{"command":"x","environment":"elsewhere"}},"environments":{"box":{}}})");
  EXPECT_THAT(shown(check_contents(far, environment_)), HasSubstr("| Correct the name, or describe it in"));
  EXPECT_THAT(text, Not(HasSubstr("warning a")));
}

TEST_F(CheckConfigurationTest, Proxies) {
  const Config remote = config(R"({"mcpServers":{"a":{"url":"https://h.example/mcp"},"b":{"url":"http://localhost:1/mcp"}}})");
  EXPECT_EQ(shown(check_contents(remote, environment_)), "");
  EXPECT_EQ(shown(check_contents(remote, environment_of({{"HTTPS_PROXY", "http://u:hush@p:1"}}))),
            "ok proxy: HTTPS_PROXY is set: 1 server is reached through the proxy http://p:1\n");
  EXPECT_EQ(shown(check_contents(remote, environment_of({{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", ".example"}}))), "");
  EXPECT_EQ(shown(check_contents(remote, environment_of({{"HTTP_PROXY", "http://p:1"}}))), "");
  EXPECT_THAT(shown(check_contents(remote, environment_of({{"all_proxy", "socks5://u:hush@p:1"}}))),
              AllOf(StartsWith("error proxy: the variable all_proxy names a proxy that is not"), Not(HasSubstr("hush"))));
  const Config local = config(R"({"mcpServers":{"b":{"url":"http://localhost:1/mcp"}}})");
  EXPECT_EQ(shown(check_contents(local, environment_of({{"HTTPS_PROXY", "http://p:1"}}))), "");
}

TEST_F(CheckConfigurationTest, PatternsThatMatchNoTool) {
  const Config all = config(R"({"mcpServers":{
    "a":{"command":"x","tools":{"allow":["read_*","list"],"deny":["delte_file"],"override":{"reed_file":{"name":"r"}}}},
    "b":{"command":"y","tools":{"deny":["*"]}},
    "c":{"command":"z","tools":{"deny":["nothing"]}}}})");
  const std::string state = folder_.file("state");
  EXPECT_EQ(shown(check_tool_patterns(all, state)), "") << "nothing is known yet";
  EXPECT_FALSE(std::filesystem::exists(state));
  std::filesystem::create_directories(state + "/catalogs");
  const auto key = load_identity_key(state);
  ASSERT_TRUE(key);
  auto tools = std::make_shared<CatalogList>();
  for (const std::string name : {"read_file", "delete_file", "list"})
    tools->entries.push_back({.key = name, .text = R"({"name":")" + name + R"("})"});
  auto catalog = std::make_shared<ServerCatalog>();
  catalog->replace(CatalogKind::tools, tools);
  const std::string text = known_server_text({.catalog = catalog, .introduction = {}});
  for (std::size_t i = 0; i < 2; ++i)
    folder_.write("state/catalogs/" + ServerIdentity(all.servers[i].connection(), all.file, *key).digest() + ".json", text);
  EXPECT_EQ(
      shown(check_tool_patterns(all, state)),
      "warning a: tools.deny: \"delte_file\" matches none of its 3 tools; did you mean \"delete_file\"? | See which there are with "
      "\"switchyard inspect a\".\n"
      "warning a: tools.override: \"reed_file\" matches none of its 3 tools; did you mean \"read_file\"? | See which there are "
      "with "
      "\"switchyard inspect a\".\n"
      "warning b: tools.allow and tools.deny leave none of its 3 tools | See which there are with \"switchyard inspect b\", and "
      "correct the patterns.\n");
}

/// A socket that listens on a port of the system's choosing.
class Listener {
 public:
  explicit Listener(std::uint32_t host = INADDR_LOOPBACK, std::uint16_t wanted = 0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    address.sin_port = htons(wanted);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, generic, size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, generic, &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port = 0;

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST(CheckPortsTest, WhoHasThem) {
  Config config;
  config.listen = {"127.0.0.1", 0};
  config.admin = {"localhost", 0};
  EXPECT_EQ(worst(check_ports(config)), CheckLevel::ok);
  {
    const Listener other;
    config.listen.port = other.port;
    EXPECT_THAT(shown(check_ports(config)),
                HasSubstr("error listen: " + config.listen.text() + " is taken by gateway_test (pid " + std::to_string(::getpid()) +
                          ") | "));
  }
  EXPECT_THAT(shown(check_ports(config)), HasSubstr("ok listen: " + config.listen.text() + " is free"));
}

TEST(CheckPortsTest, TheOneAtThatAddress) {
  const Listener loopback;
  const std::string us = "gateway_test (pid " + std::to_string(::getpid()) + ")";
  EXPECT_EQ(listener_on({"127.0.0.1", loopback.port}), us);
  EXPECT_EQ(listener_on({"localhost", loopback.port}), us);
  EXPECT_EQ(listener_on({"127.0.0.2", loopback.port}), "");
  EXPECT_EQ(listener_on({"::1", loopback.port}), "");
  const Listener everywhere(INADDR_ANY);
  EXPECT_EQ(listener_on({"127.0.0.2", everywhere.port}), us);
  EXPECT_EQ(listener_on({"::1", everywhere.port}), "");
}

TEST(CheckPortsTest, WhereTheGatewayDoesNotListen) {
  Config config;
  config.listen = {"0.0.0.0", 7332};
  config.admin = {"127.0.0.1", 0};
  EXPECT_THAT(shown(check_ports(config)), HasSubstr("error listen: 0.0.0.0:7332 is beyond this machine"));
  config.listen = config.admin = {"127.0.0.1", 4711};
  EXPECT_THAT(shown(check_ports(config)), HasSubstr("error admin: agents and the admin API need an address each"));
}

}  // namespace
}  // namespace gateway

#include "gateway/config/server_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kFile = "/etc/sw/switchyard.json";
constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

ServerConnection program() {
  StdioSpec stdio{.command = "files-mcp", .args = {"--root", "/srv"}, .env = {{"A", "1"}, {"B", "2"}}, .cwd = "/srv"};
  return {.name = ServerName("files"), .transport = std::move(stdio), .environment = ""};
}

ServerConnection remote() {
  HttpSpec http{.url = "https://mcp.example.com/mcp", .headers = {{"Authorization", "Bearer t"}, {"X-Key", "k"}}};
  return {.name = ServerName("web"), .transport = std::move(http), .environment = ""};
}

StdioSpec& stdio_of(ServerConnection& connection) {
  return std::get<StdioSpec>(connection.transport);
}

HttpSpec& http_of(ServerConnection& connection) {
  return std::get<HttpSpec>(connection.transport);
}

ServerIdentity identify(const ServerConnection& connection, std::uint64_t instance = 0) {
  return {connection, kFile, kKey, instance};
}

std::vector<std::string> differences_of(const ServerConnection& before, const ServerConnection& after) {
  const auto was = identify(before);
  const auto is = identify(after);
  EXPECT_EQ(was == is, is.differences(was).empty()) << "what restarts a server has a reason";
  EXPECT_EQ(was == is, was.digest() == is.digest());
  return is.differences(was);
}

TEST(ServerIdentityTest, TheSameConnectionIsTheSame) {
  EXPECT_THAT(differences_of(program(), program()), IsEmpty());
  EXPECT_THAT(differences_of(remote(), remote()), IsEmpty());
}

TEST(ServerIdentityTest, NamesEachPartThatDiffers) {
  auto after = program();
  stdio_of(after) = {.command = "other-mcp", .args = {"--root", "/srv", "-v"}, .env = {{"B", "3"}, {"C", "4"}}, .cwd = ""};
  EXPECT_THAT(
      differences_of(program(), after),
      UnorderedElementsAre("command changed", "args[2] added", "env A removed", "env B changed", "env C added", "cwd changed"));
  auto elsewhere = remote();
  http_of(elsewhere) = {
      .url = "https://other.example.com/mcp", .headers = {{"X-Key", "l"}}, .ca_file = "/ca", .kind = HttpKind::sse};
  EXPECT_THAT(differences_of(remote(), elsewhere),
              UnorderedElementsAre(
                  "type changed", "url changed", "header Authorization removed", "header X-Key changed", "caFile changed"));
}

TEST(ServerIdentityTest, AnEnvironmentHasNoOrder) {
  auto turned = program();
  std::ranges::reverse(stdio_of(turned).env);
  EXPECT_THAT(differences_of(program(), turned), IsEmpty());
}

TEST(ServerIdentityTest, HeadersOfDifferentNamesHaveNoOrder) {
  auto turned = remote();
  std::ranges::reverse(http_of(turned).headers);
  EXPECT_THAT(differences_of(remote(), turned), IsEmpty());
}

TEST(ServerIdentityTest, HeadersOfOneNameHaveAnOrder) {
  auto before = remote();
  http_of(before).headers = {{"X-Key", "a"}, {"X-Other", "o"}, {"X-Key", "b"}};
  auto turned = before;
  std::ranges::reverse(http_of(turned).headers);
  EXPECT_THAT(differences_of(before, turned), ElementsAre("header X-Key changed", "header X-Key (2) changed"));
}

TEST(ServerIdentityTest, ArgumentsHaveAnOrderAndBounds) {
  auto before = program();
  stdio_of(before).args = {"ab", "c"};
  auto after = before;
  stdio_of(after).args = {"a", "bc"};
  EXPECT_THAT(differences_of(before, after), ElementsAre("args[0] changed", "args[1] changed"));
  // A value that looks like another part of the same thing.
  auto one = program();
  stdio_of(one).env = {{"A", "1"}};
  auto other = program();
  stdio_of(other).env = {{"A 1", ""}};
  EXPECT_NE(identify(one), identify(other));
}

TEST(ServerIdentityTest, TellsNoValue) {
  auto connection = program();
  stdio_of(connection).env = {{"TOKEN", "tell-nobody-1"}};
  stdio_of(connection).args = {"--token=tell-nobody-2"};
  const auto identity = identify(connection);
  auto other = connection;
  stdio_of(other).env = {{"TOKEN", "tell-nobody-3"}};
  stdio_of(other).args = {"--token=tell-nobody-4"};
  std::string all = identity.digest();
  for (const std::string& text : identify(other).differences(identity))
    all += " " + text;
  EXPECT_EQ(all.find("tell-nobody"), std::string::npos) << all;
  EXPECT_NE(all.find("env TOKEN changed"), std::string::npos) << all;
}

TEST(ServerIdentityTest, TheDigestCannotBeGuessedWithoutTheKey) {
  const ServerIdentity here(program(), kFile, kKey);
  const ServerIdentity there(program(), kFile, "ffffffffffffffffffffffffffffffff");
  EXPECT_NE(here.digest(), there.digest());
  EXPECT_EQ(here.digest().size(), 64U);
}

TEST(ServerIdentityTest, BelongsToTheFileThatDefinesIt) {
  const ServerIdentity here(program(), kFile, kKey);
  const ServerIdentity there(program(), "/etc/sw/other.json", kKey);
  EXPECT_NE(here, there);
  EXPECT_NE(here.digest(), there.digest());
}

TEST(ServerIdentityTest, AnotherInstanceOfItsEnvironmentIsAnotherConnectionOfTheSameServer) {
  auto bound = program();
  bound.environment = "devbox";
  const auto first = identify(bound, 1);
  const auto second = identify(bound, 2);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.digest(), second.digest()) << "what is known of it outlives the instance";
  EXPECT_THAT(second.differences(first), ElementsAre("instance of environment devbox changed"));
  EXPECT_THAT(first.differences(identify(program())), ElementsAre("environment added", "instance of environment devbox added"));
}

TEST(ServerIdentityTest, ARenamedEntryIsAnotherServerOnTheSameConnection) {
  auto docs = program();
  docs.name = ServerName("docs");
  const auto before = identify(program());
  const auto after = identify(docs);
  EXPECT_NE(after, before);
  EXPECT_NE(after.digest(), before.digest());
  EXPECT_TRUE(after.renamed_from(before));
  EXPECT_FALSE(before.renamed_from(before));
  stdio_of(docs).args = {};
  EXPECT_FALSE(identify(docs).renamed_from(before));
}

TEST(ServerIdentityTest, NamesEachFieldOfThePresentation) {
  const ServerPresentation before;
  ServerPresentation after{.enabled = false,
                           .required = true,
                           .startup_timeout = std::chrono::seconds(1),
                           .call_timeout = std::chrono::seconds(2),
                           .tools_allow = {"a"},
                           .tools_deny = {"b"},
                           .checks = {.arguments = true},
                           .secrets = {"tell-nobody"}};
  EXPECT_THAT(differences(before, after),
              ElementsAre("enabled",
                          "required",
                          "startupTimeout",
                          "callTimeout",
                          "tools.allow",
                          "tools.deny",
                          "validate",
                          "what counts as a secret"));
  EXPECT_THAT(differences(after, after), IsEmpty());
}

}  // namespace
}  // namespace gateway

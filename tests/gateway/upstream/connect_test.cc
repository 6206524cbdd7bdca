#include "gateway/upstream/connect.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

#include "mcp/transport/fallback_client.h"
#include "mcp/transport/sse_client.h"

namespace gateway {
namespace {

std::string target_of(const std::string& command, std::vector<std::string> args) {
  StdioSpec stdio;
  stdio.command = command;
  stdio.args = std::move(args);
  ServerSpec spec;
  spec.transport = std::move(stdio);
  return describe_target(spec);
}

TEST(ConnectTest, TargetsNameWhatRuns) {
  EXPECT_EQ(target_of("npx", {}), "npx");
  EXPECT_EQ(target_of("npx", {"-y", "@modelcontextprotocol/server-filesystem", "/srv/docs"}),
            "npx @modelcontextprotocol/server-filesystem …");
  EXPECT_EQ(target_of("/usr/bin/node", {"/opt/everything/dist/index.js", "stdio"}), "node index.js …");
  EXPECT_EQ(target_of("uvx", {"mcp-server-git"}), "uvx mcp-server-git");
  EXPECT_EQ(target_of("python3", {"-m", "weather"}), "python3 weather …");
  EXPECT_EQ(target_of("docker", {"run", "-i", "--rm", "-e", "KEY=hunter2", "mcp/git"}), "docker run …");
  EXPECT_EQ(target_of("./serve", {"data/"}), "serve data");
  EXPECT_EQ(target_of("./serve", {"-v"}), "serve …");
  EXPECT_EQ(target_of("./serve", {""}), "serve …");
  EXPECT_EQ(target_of("./serve", {"/"}), "serve …");
}

TEST(ConnectTest, TargetsHoldNoSecrets) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--api-key=hunter2"},
                                               {"--api-key", "hunter2"},
                                               {"--key", "hunter2"},
                                               {"-p", "hunter2"},
                                               {"--accessToken", "hunter2"},
                                               {"TOKEN=hunter2"},
                                               {"https://ana:hunter2@host"},
                                               {"https://host/mcp?key=hunter2"},
                                               {"sk-0123456789hunter2"},
                                               {"0123456789abcdef0123hunter2"}}) {
    EXPECT_EQ(target_of("serve", args), "serve …") << args.back();
  }
  EXPECT_EQ(target_of("serve", {"--token", "hunter2", "docs"}), "serve docs …");
}

TEST(ConnectTest, AServerIsReachedAsItsEntrySays) {
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = "/nowhere"});
  const auto transport_of = [&](HttpKind kind) {
    ServerSpec spec;
    spec.transport = HttpSpec{.url = "http://127.0.0.1:1/mcp", .headers = {}, .ca_file = {}, .kind = kind};
    const auto server = std::make_shared<const LiveSpec>(spec);
    auto transport = make_transport(loop.get_executor(), *launcher, server, {}, {}).value();
    std::string name(transport_name(spec, transport.get()));
    return std::pair(std::move(transport), std::move(name));
  };
  const auto [streamable, streamable_name] = transport_of(HttpKind::streamable);
  EXPECT_NE(dynamic_cast<mcp::StreamableClient*>(streamable.get()), nullptr);
  EXPECT_EQ(streamable_name, "http");
  const auto [sse, sse_name] = transport_of(HttpKind::sse);
  EXPECT_NE(dynamic_cast<mcp::SseClient*>(sse.get()), nullptr);
  EXPECT_EQ(sse_name, "http+sse");
  const auto [either, either_name] = transport_of(HttpKind::unknown);
  EXPECT_NE(dynamic_cast<mcp::FallbackClient*>(either.get()), nullptr);
  EXPECT_EQ(either_name, "http");
}

TEST(ConnectTest, TargetsOfUrlsHideTheQuery) {
  ServerSpec spec;
  spec.transport = HttpSpec{.url = "https://host/mcp?key=hunter2", .headers = {}, .ca_file = {}, .kind = HttpKind::unknown};
  EXPECT_EQ(describe_target(spec), "https://host/mcp?…");
}

}  // namespace
}  // namespace gateway

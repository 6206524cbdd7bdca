#include "gateway/admin/admin_views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/openapi.h"
#include "gateway/admin/time_text.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(AdminViewsTest, ServersTellTheGatewayAndEveryServer) {
  EXPECT_EQ(
      servers_json(sample_status()),
      R"({"gateway":{"version":"1.2.3","pid":4321,"mcpUrl":"http://127.0.0.1:7332/mcp","adminUrl":"http://127.0.0.1:7333",)"
      R"("accessTokens":["ci","ana"],)"
      R"("config":"/etc/switchyard.json","ready":false,"stopping":false,"started":"2023-11-14T22:13:20.000Z","settled":false,"sessions":3,)"
      R"("streams":2,"connections":5,"spawned":7,"retiring":0,"reload":{"done":0,"failed":0}},"environments":[],"servers":[)"
      R"({"name":"files","state":"ready","transport":"stdio","target":"npx -y files-mcp","required":false,"tools":14,"prompts":3,)"
      R"("resources":20,"resourceTemplates":1,"pid":99,)"
      R"("restarts":1,"since":"2023-11-14T22:13:21.500Z","openCalls":2,"questions":1,"processes":4,"memoryBytes":89128960,"queued":3,"protocolVersion":"2025-11-25"},)"
      R"({"name":"off","state":"disabled","cause":{"reason":"server_unavailable","message":"it is switched off",)"
      R"("remedy":"Enable it."}},)"
      R"({"name":"linear","state":"backing_off","transport":"http","target":"https://mcp.example.com/mcp","required":true,)"
      R"("tools":0,"prompts":0,"resources":0,"resourceTemplates":0,"restarts":0,"since":"2023-11-14T22:13:22.000Z","retryAt":"2023-11-14T22:13:32.000Z",)"
      R"("cause":{"reason":"connect_failed","message":"cannot connect","remedy":"Is it running?"},"openCalls":0,"questions":0},)"
      R"({"name":"bad","state":"broken","cause":{"reason":"variable_missing","message":"KEY is not set"}}],"clashes":["two \"clashes\""]})");
}

TEST(AdminViewsTest, ServersAreValidJsonWhateverTheNames) {
  GatewayStatus status = sample_status();
  status.servers[0].name = ServerName("a\"\\\n\xFF");
  EXPECT_EQ(json::parse(servers_json(status)).at("servers").at(0).at("name"), "a\"\\\n\xEF\xBF\xBD");
}

TEST(AdminViewsTest, PhaseShowsOnlyWhileStarting) {
  GatewayStatus status = sample_status();
  status.servers[0].phase = "initialize";
  EXPECT_FALSE(json::parse(servers_json(status)).at("servers").at(0).contains("phase"));
  status.servers[0].state = RuntimeState::starting;
  EXPECT_EQ(json::parse(servers_json(status)).at("servers").at(0).at("phase"), "initialize");
}

TEST(AdminViewsTest, ToolsKeepTheirDefinitionByteForByte) {
  EXPECT_EQ(tools_json(sample_tools(), ""),
            R"({"tools":[{"name":"files__read","server":"files","tool":"read","description":"Reads\na file",)"
            R"("definition":{"name":"files__read","description":"Reads\na file","n":1.50}},)"
            R"({"name":"linear__add","server":"linear","tool":"add\"","title":"Add",)"
            R"("definition":{"name":"linear__add","title":"Add","description":7}}],"clashes":["one \"clash\""]})");
}

TEST(AdminViewsTest, ToolsOfOneServer) {
  const json tools = json::parse(tools_json(sample_tools(), "linear")).at("tools");
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools.at(0).at("name"), "linear__add");
  EXPECT_EQ(tools_json({}, ""), R"({"tools":[],"clashes":[]})");
}

TEST(AdminViewsTest, Metrics) {
  GatewayStatus status = sample_status();
  status.servers.pop_back();
  status.servers[0].name = ServerName("a\"b\\c\nd");
  CallMetrics calls;
  calls.record(ServerName("files"), "ok", {.total = std::chrono::microseconds(500)});
  calls.record(
      ServerName("files"),
      "ok",
      {.total = std::chrono::milliseconds(7), .waited = std::chrono::milliseconds(2), .upstream = std::chrono::milliseconds(4)});
  calls.record(
      ServerName("files"), "timeout", {.total = std::chrono::seconds(100), .waited = {}, .upstream = std::chrono::seconds(100)});
  calls.record_request(ServerName("files"), "resources/read", "ok");
  calls.record_request(ServerName("files"), "resources/read", "ok");
  calls.record_request(ServerName("only"), "prompts/get", "rpc_error");
  status.calls = calls.servers();
  const ProcessInfo process{.resident_bytes = 12345678, .cpu_seconds = 0.25, .start_time = 1700000000.5, .open_fds = 11};
  EXPECT_EQ(metrics_text(status, process), R"(# HELP switchyard_info The program; always 1.
# TYPE switchyard_info gauge
switchyard_info{version="1.2.3"} 1
# HELP switchyard_ready Whether every required server is ready.
# TYPE switchyard_ready gauge
switchyard_ready 0
# HELP switchyard_servers Servers by state.
# TYPE switchyard_servers gauge
switchyard_servers{state="stopped"} 0
switchyard_servers{state="starting"} 0
switchyard_servers{state="ready"} 1
switchyard_servers{state="dormant"} 0
switchyard_servers{state="backing_off"} 0
switchyard_servers{state="failed"} 0
switchyard_servers{state="disabled"} 1
switchyard_servers{state="environment_absent"} 0
switchyard_servers{state="broken"} 1
# HELP switchyard_config_reloads_total Changes of the configuration that were applied, or could not be.
# TYPE switchyard_config_reloads_total counter
switchyard_config_reloads_total{outcome="ok"} 0
switchyard_config_reloads_total{outcome="failed"} 0
# HELP switchyard_config_last_reload_successful Whether the configuration in force is the one in the file, as far as it was read.
# TYPE switchyard_config_last_reload_successful gauge
switchyard_config_last_reload_successful 1
# HELP switchyard_server_up Whether a server is ready, or dormant and waiting to be used.
# TYPE switchyard_server_up gauge
switchyard_server_up{server="a\"b\\c\nd"} 1
switchyard_server_up{server="bad"} 0
# HELP switchyard_server_restarts_total Starts of a server after its first one.
# TYPE switchyard_server_restarts_total counter
switchyard_server_restarts_total{server="a\"b\\c\nd"} 1
# HELP switchyard_server_open_calls Requests a server has not answered yet.
# TYPE switchyard_server_open_calls gauge
switchyard_server_open_calls{server="a\"b\\c\nd"} 2
# HELP switchyard_server_tools Tools a server offers.
# TYPE switchyard_server_tools gauge
switchyard_server_tools{server="a\"b\\c\nd"} 14
# HELP switchyard_server_prompts Prompts a server offers.
# TYPE switchyard_server_prompts gauge
switchyard_server_prompts{server="a\"b\\c\nd"} 3
# HELP switchyard_server_resources Resources a server lists.
# TYPE switchyard_server_resources gauge
switchyard_server_resources{server="a\"b\\c\nd"} 20
# HELP switchyard_server_resource_templates Resource templates a server lists.
# TYPE switchyard_server_resource_templates gauge
switchyard_server_resource_templates{server="a\"b\\c\nd"} 1
# HELP switchyard_calls_total Tool calls by outcome: ok, tool_error, rpc_error, or why there was no answer.
# TYPE switchyard_calls_total counter
switchyard_calls_total{server="files",outcome="ok"} 2
switchyard_calls_total{server="files",outcome="timeout"} 1
# HELP switchyard_requests_total Other requests passed to servers, by method and outcome: ok, rpc_error, or why there was no answer.
# TYPE switchyard_requests_total counter
switchyard_requests_total{server="files",method="resources/read",outcome="ok"} 2
switchyard_requests_total{server="only",method="prompts/get",outcome="rpc_error"} 1
# HELP switchyard_call_duration_seconds How long tool calls took.
# TYPE switchyard_call_duration_seconds histogram
switchyard_call_duration_seconds_bucket{server="files",le="0.0005"} 1
switchyard_call_duration_seconds_bucket{server="files",le="0.001"} 1
switchyard_call_duration_seconds_bucket{server="files",le="0.0025"} 1
switchyard_call_duration_seconds_bucket{server="files",le="0.005"} 1
switchyard_call_duration_seconds_bucket{server="files",le="0.01"} 2
switchyard_call_duration_seconds_bucket{server="files",le="0.025"} 2
switchyard_call_duration_seconds_bucket{server="files",le="0.05"} 2
switchyard_call_duration_seconds_bucket{server="files",le="0.1"} 2
switchyard_call_duration_seconds_bucket{server="files",le="0.25"} 2
switchyard_call_duration_seconds_bucket{server="files",le="0.5"} 2
switchyard_call_duration_seconds_bucket{server="files",le="1"} 2
switchyard_call_duration_seconds_bucket{server="files",le="2.5"} 2
switchyard_call_duration_seconds_bucket{server="files",le="10"} 2
switchyard_call_duration_seconds_bucket{server="files",le="60"} 2
switchyard_call_duration_seconds_bucket{server="files",le="+Inf"} 3
switchyard_call_duration_seconds_sum{server="files"} 100.0075
switchyard_call_duration_seconds_count{server="files"} 3
# HELP switchyard_call_queue_seconds What of it they waited for a turn, or for their server's start.
# TYPE switchyard_call_queue_seconds histogram
switchyard_call_queue_seconds_bucket{server="files",le="0.0005"} 2
switchyard_call_queue_seconds_bucket{server="files",le="0.001"} 2
switchyard_call_queue_seconds_bucket{server="files",le="0.0025"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.005"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.01"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.025"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.05"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.1"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.25"} 3
switchyard_call_queue_seconds_bucket{server="files",le="0.5"} 3
switchyard_call_queue_seconds_bucket{server="files",le="1"} 3
switchyard_call_queue_seconds_bucket{server="files",le="2.5"} 3
switchyard_call_queue_seconds_bucket{server="files",le="10"} 3
switchyard_call_queue_seconds_bucket{server="files",le="60"} 3
switchyard_call_queue_seconds_bucket{server="files",le="+Inf"} 3
switchyard_call_queue_seconds_sum{server="files"} 0.002
switchyard_call_queue_seconds_count{server="files"} 3
# HELP switchyard_call_upstream_seconds What of it their server took.
# TYPE switchyard_call_upstream_seconds histogram
switchyard_call_upstream_seconds_bucket{server="files",le="0.0005"} 1
switchyard_call_upstream_seconds_bucket{server="files",le="0.001"} 1
switchyard_call_upstream_seconds_bucket{server="files",le="0.0025"} 1
switchyard_call_upstream_seconds_bucket{server="files",le="0.005"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.01"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.025"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.05"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.1"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.25"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="0.5"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="1"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="2.5"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="10"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="60"} 2
switchyard_call_upstream_seconds_bucket{server="files",le="+Inf"} 3
switchyard_call_upstream_seconds_sum{server="files"} 100.004
switchyard_call_upstream_seconds_count{server="files"} 3
# HELP switchyard_call_gateway_seconds What of it the gateway took.
# TYPE switchyard_call_gateway_seconds histogram
switchyard_call_gateway_seconds_bucket{server="files",le="0.00001"} 1
switchyard_call_gateway_seconds_bucket{server="files",le="0.000025"} 1
switchyard_call_gateway_seconds_bucket{server="files",le="0.00005"} 1
switchyard_call_gateway_seconds_bucket{server="files",le="0.0001"} 1
switchyard_call_gateway_seconds_bucket{server="files",le="0.00025"} 1
switchyard_call_gateway_seconds_bucket{server="files",le="0.0005"} 2
switchyard_call_gateway_seconds_bucket{server="files",le="0.001"} 3
switchyard_call_gateway_seconds_bucket{server="files",le="0.005"} 3
switchyard_call_gateway_seconds_bucket{server="files",le="0.025"} 3
switchyard_call_gateway_seconds_bucket{server="files",le="0.1"} 3
switchyard_call_gateway_seconds_bucket{server="files",le="+Inf"} 3
switchyard_call_gateway_seconds_sum{server="files"} 0.0015
switchyard_call_gateway_seconds_count{server="files"} 3
# HELP switchyard_sessions Open sessions of clients.
# TYPE switchyard_sessions gauge
switchyard_sessions 3
# HELP switchyard_streams Open event streams to clients.
# TYPE switchyard_streams gauge
switchyard_streams 2
# HELP switchyard_connections Open connections of clients.
# TYPE switchyard_connections gauge
switchyard_connections 5
# HELP switchyard_processes_spawned_total Programs started so far.
# TYPE switchyard_processes_spawned_total counter
switchyard_processes_spawned_total 7
# HELP switchyard_processes_left_total Processes of servers that could not be ended; each is in the log.
# TYPE switchyard_processes_left_total counter
switchyard_processes_left_total 2
# HELP switchyard_processes Stdio servers whose process runs.
# TYPE switchyard_processes gauge
switchyard_processes 1
# HELP process_resident_memory_bytes Resident memory of the gateway, without its servers.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 12345678
# HELP process_cpu_seconds_total User and system time of the gateway.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 0.25
# HELP process_start_time_seconds When the gateway started.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000.5
# HELP process_open_fds Open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 11
)");
}

TEST(AdminViewsTest, MissingNamesRequiredServers) {
  GatewayStatus status = sample_status();
  EXPECT_EQ(missing_text(status), "not ready: linear (backing_off)");
  status.servers[1].state = RuntimeState::ready;
  EXPECT_EQ(missing_text(status), "not ready: a required server is broken in the configuration");
  status.ready = true;
  EXPECT_EQ(missing_text(status), "");
  status.stopping = true;
  EXPECT_EQ(missing_text(status), "not ready: the gateway is stopping");
}

TEST(AdminViewsTest, OpenApiNamesEveryPath) {
  const json document = json::parse(openapi_json());
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/api/v1/servers", "/api/v1/tools", "/api/v1/openapi.json"})
    EXPECT_TRUE(document.at("paths").contains(path)) << path;
  for (const char* schema : {"Error", "Server", "Tool"})
    EXPECT_TRUE(document.at("components").at("schemas").contains(schema)) << schema;
}

TEST(ProcessInfoTest, TellsOfThisProcess) {
  const ProcessInfo info = ProcessInfo::of_self();
  EXPECT_GT(info.resident_bytes.value_or(0), 1U << 20);
  EXPECT_GE(info.cpu_seconds.value_or(-1), 0);
  EXPECT_GE(info.open_fds.value_or(0), 3U);
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GT(info.start_time.value_or(0), 1.6e9);
  EXPECT_LT(info.start_time.value_or(now * 2), now + 5);
}

TEST(TimeTextTest, ReadsWhatItWrote) {
  for (const std::int64_t moment : {std::int64_t{0}, std::int64_t{1'709'164'800'007}, std::int64_t{1'700'000'000'999}})
    EXPECT_EQ(parse_rfc3339(rfc3339(at_milliseconds(moment))), at_milliseconds(moment));
  EXPECT_EQ(rfc3339(at_milliseconds(1'709'164'800'007)), "2024-02-29T00:00:00.007Z");
  for (const char* bad :
       {"", "2024-02-30T00:00:00.007Z", "2024-02-29 00:00:00.007Z", "2024-02-29T00:00:00Z", "x024-02-29T00:00:00.007Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

}  // namespace
}  // namespace gateway

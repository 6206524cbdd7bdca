#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/admin/admin_views.h"

namespace gateway {

namespace {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// Escapes a label's value (Prometheus text format 0.0.4: backslash, quote, line feed).
std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

/// The shortest text that reads back as the same value: "0.25", "3".
std::string number_text(double value) {
  std::array<char, 400> text{};  // the longest double
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return std::string(text.data(), end);
}

/// Writes metric families one after the other.
class MetricsWriter {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  void sample(std::string_view name, Labels labels, std::string_view value) {
    out_ += name;
    if (labels.size() > 0) {
      char separator = '{';
      for (const auto& [key, text] : labels) {
        out_ += std::exchange(separator, ',');
        out_.append(key).append("=\"").append(escape_label(text)).append("\"");
      }
      out_ += '}';
    }
    out_.append(" ").append(value).append("\n");
  }

  void sample(std::string_view name, Labels labels, std::uint64_t value) { sample(name, labels, std::to_string(value)); }

  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "gauge", help);
    sample(name, {}, value);
  }

  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// Whether a person has to do something about this server's login, for this reason.
bool needs_login(const RuntimeStatus& server, mcp::ErrorCode reason) {
  if (server.cause && server.cause->code == reason) return true;
  return reason == mcp::ErrorCode::reauthentication_required && server.login && server.login->needs_person;
}

void write_logins(MetricsWriter& writer, const GatewayStatus& status) {
  if (std::ranges::none_of(status.servers, [](const RuntimeStatus& server) { return server.login.has_value(); })) return;
  static constexpr std::string_view kNeeds = "switchyard_server_needs_login";
  writer.family(kNeeds, "gauge", "Whether somebody has to log in to a server, by reason.");
  static constexpr std::array kReasons = {mcp::ErrorCode::login_required, mcp::ErrorCode::reauthentication_required};
  for (const RuntimeStatus& server : status.servers) {
    if (!server.login) continue;
    for (const auto reason : kReasons)
      writer.sample(kNeeds,
                    {{"server", server.name.str()}, {"reason", to_string(reason)}},
                    std::uint64_t{needs_login(server, reason) ? 1U : 0U});
  }
  static constexpr std::string_view kExpires = "switchyard_login_token_expires_seconds";
  writer.family(kExpires, "gauge", "When the present access token of a server runs out, in seconds since 1970.");
  for (const RuntimeStatus& server : status.servers) {
    if (!server.login || !server.login->expires) continue;
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(server.login->expires->time_since_epoch());
    writer.sample(kExpires, {{"server", server.name.str()}}, static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0)));
  }
  static constexpr std::string_view kRefreshes = "switchyard_login_refreshes_total";
  writer.family(kRefreshes, "counter", "Attempts to renew the access token of a server, by what came of them.");
  for (const RuntimeStatus& server : status.servers) {
    if (!server.login) continue;
    for (const auto& [outcome, count] : server.login->attempts)
      writer.sample(kRefreshes, {{"server", server.name.str()}, {"outcome", outcome}}, count);
  }
}

void write_servers(MetricsWriter& writer, const GatewayStatus& status) {
  static constexpr std::string_view kServers = "switchyard_servers";
  writer.family(kServers, "gauge", "Servers by state.");
  static constexpr std::array kStates = {RuntimeState::stopped,
                                         RuntimeState::starting,
                                         RuntimeState::ready,
                                         RuntimeState::dormant,
                                         RuntimeState::backing_off,
                                         RuntimeState::failed};
  for (const RuntimeState state : kStates) {
    const auto count = std::ranges::count(status.servers, state, &RuntimeStatus::state);
    writer.sample(kServers, {{"state", to_string(state)}}, static_cast<std::uint64_t>(count));
  }
  const auto disabled = std::ranges::count(status.absent, AbsentServer::Kind::disabled, &AbsentServer::kind);
  writer.sample(kServers, {{"state", "disabled"}}, static_cast<std::uint64_t>(disabled));
  const auto away = std::ranges::count(status.absent, AbsentServer::Kind::environment, &AbsentServer::kind);
  writer.sample(kServers, {{"state", "environment_absent"}}, static_cast<std::uint64_t>(away));
  writer.sample(kServers, {{"state", "broken"}}, status.absent.size() - static_cast<std::size_t>(disabled + away));

  static constexpr std::string_view kReloads = "switchyard_config_reloads_total";
  writer.family(kReloads, "counter", "Changes of the configuration that were applied, or could not be.");
  writer.sample(kReloads, {{"outcome", "ok"}}, status.reload.done);
  writer.sample(kReloads, {{"outcome", "failed"}}, status.reload.failed);
  static constexpr std::string_view kGood = "switchyard_config_last_reload_successful";
  writer.family(kGood, "gauge", "Whether the configuration in force is the one in the file, as far as it was read.");
  writer.sample(kGood, {}, std::uint64_t{status.reload.error ? 0U : 1U});

  static constexpr std::string_view kUp = "switchyard_server_up";
  writer.family(kUp, "gauge", "Whether a server is ready, or dormant and waiting to be used.");
  for (const RuntimeStatus& server : status.servers)
    writer.sample(kUp,
                  {{"server", server.name.str()}},
                  std::uint64_t{server.state == RuntimeState::ready || server.state == RuntimeState::dormant ? 1U : 0U});
  for (const AbsentServer& absent : status.absent) {
    if (absent.kind != AbsentServer::Kind::disabled) writer.sample(kUp, {{"server", absent.name.str()}}, std::uint64_t{0});
  }

  static constexpr std::string_view kRestarts = "switchyard_server_restarts_total";
  writer.family(kRestarts, "counter", "Starts of a server after its first one.");
  for (const RuntimeStatus& server : status.servers)
    writer.sample(kRestarts, {{"server", server.name.str()}}, static_cast<std::uint64_t>(server.restarts));

  static constexpr std::string_view kOpenCalls = "switchyard_server_open_calls";
  writer.family(kOpenCalls, "gauge", "Requests a server has not answered yet.");
  for (const RuntimeStatus& server : status.servers)
    writer.sample(kOpenCalls, {{"server", server.name.str()}}, server.open_calls);

  write_logins(writer, status);

  const auto offered = [&](std::string_view name, std::string_view help, std::size_t RuntimeStatus::* count) {
    writer.family(name, "gauge", help);
    for (const RuntimeStatus& server : status.servers)
      writer.sample(name, {{"server", server.name.str()}}, server.*count);
  };
  offered("switchyard_server_tools", "Tools a server offers.", &RuntimeStatus::tools);
  offered("switchyard_server_prompts", "Prompts a server offers.", &RuntimeStatus::prompts);
  offered("switchyard_server_resources", "Resources a server lists.", &RuntimeStatus::resources);
  offered("switchyard_server_resource_templates", "Resource templates a server lists.", &RuntimeStatus::templates);
}

struct FamilyWords {
  std::string_view name, help;
};

/// One histogram of each server that was called.
template <class Histogram, class Bounds>
void write_histograms(MetricsWriter& writer,
                      const GatewayStatus& status,
                      FamilyWords words,
                      Histogram CallMetrics::Server::* histogram,
                      const Bounds& bounds) {
  const std::string name(words.name);
  writer.family(words.name, "histogram", words.help);
  for (const auto& [server, calls] : status.calls) {
    if (calls.calls == 0) continue;
    const Histogram& one = calls.*histogram;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < one.buckets.size(); ++i) {
      sum += one.buckets[i];
      const std::string bound = i < bounds.size() ? number_text(bounds[i]) : "+Inf";
      writer.sample(name + "_bucket", {{"server", server}, {"le", bound}}, sum);
    }
    writer.sample(name + "_sum", {{"server", server}}, number_text(one.seconds));
    writer.sample(name + "_count", {{"server", server}}, calls.calls);
  }
}

void write_calls(MetricsWriter& writer, const GatewayStatus& status) {
  static constexpr std::string_view kCalls = "switchyard_calls_total";
  writer.family(kCalls, "counter", "Tool calls by outcome: ok, tool_error, rpc_error, or why there was no answer.");
  for (const auto& [server, calls] : status.calls) {
    for (const auto& [outcome, count] : calls.outcomes)
      writer.sample(kCalls, {{"server", server}, {"outcome", outcome}}, count);
  }
  static constexpr std::string_view kRequests = "switchyard_requests_total";
  writer.family(
      kRequests, "counter", "Other requests passed to servers, by method and outcome: ok, rpc_error, or why there was no answer.");
  for (const auto& [server, calls] : status.calls) {
    for (const auto& [request, count] : calls.requests)
      writer.sample(kRequests, {{"server", server}, {"method", request.first}, {"outcome", request.second}}, count);
  }
  using Server = CallMetrics::Server;
  write_histograms(
      writer, status, {"switchyard_call_duration_seconds", "How long tool calls took."}, &Server::total, CallMetrics::kBuckets);
  write_histograms(writer,
                   status,
                   {"switchyard_call_queue_seconds", "What of it they waited for a turn, or for their server's start."},
                   &Server::waited,
                   CallMetrics::kBuckets);
  write_histograms(writer,
                   status,
                   {"switchyard_call_upstream_seconds", "What of it their server took."},
                   &Server::upstream,
                   CallMetrics::kBuckets);
  write_histograms(writer,
                   status,
                   {"switchyard_call_gateway_seconds", "What of it the gateway took."},
                   &Server::gateway,
                   CallMetrics::kGatewayBuckets);
}

void write_process(MetricsWriter& writer, const ProcessInfo& process) {
  const auto gauge = [&writer](std::string_view name, std::string_view type, std::string_view help, const std::string& value) {
    writer.family(name, type, help);
    writer.sample(name, {}, value);
  };
  if (process.resident_bytes) {
    const std::string value = std::to_string(*process.resident_bytes);
    gauge("process_resident_memory_bytes", "gauge", "Resident memory of the gateway, without its servers.", value);
  }
  if (process.cpu_seconds) {
    gauge("process_cpu_seconds_total", "counter", "User and system time of the gateway.", number_text(*process.cpu_seconds));
  }
  if (process.start_time) {
    gauge("process_start_time_seconds", "gauge", "When the gateway started.", number_text(*process.start_time));
  }
  if (process.open_fds) gauge("process_open_fds", "gauge", "Open file descriptors.", std::to_string(*process.open_fds));
}

}  // namespace

std::string metrics_text(const GatewayStatus& status, const ProcessInfo& process) {
  MetricsWriter writer;
  writer.family("switchyard_info", "gauge", "The program; always 1.");
  writer.sample("switchyard_info", {{"version", status.version}}, 1);
  writer.gauge("switchyard_ready", "Whether every required server is ready.", status.ready ? 1 : 0);
  write_servers(writer, status);
  write_calls(writer, status);
  writer.gauge("switchyard_sessions", "Open sessions of clients.", status.sessions);
  writer.gauge("switchyard_streams", "Open event streams to clients.", status.streams);
  writer.gauge("switchyard_connections", "Open connections of clients.", status.connections);
  writer.family("switchyard_processes_spawned_total", "counter", "Programs started so far.");
  writer.sample("switchyard_processes_spawned_total", {}, status.spawned);
  writer.family("switchyard_processes_left_total", "counter", "Processes of servers that could not be ended; each is in the log.");
  writer.sample("switchyard_processes_left_total", {}, status.left);
  const auto running = std::ranges::count_if(status.servers, [](const RuntimeStatus& server) { return server.pid.has_value(); });
  writer.gauge("switchyard_processes", "Stdio servers whose process runs.", static_cast<std::uint64_t>(running));
  write_process(writer, process);
  return std::move(writer).take();
}

}  // namespace gateway

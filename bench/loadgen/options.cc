#include "bench/loadgen/options.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <string_view>

namespace bench {

const char* const kUsage =
    "loadgen --url http://127.0.0.1:PORT/mcp [options]\n"
    "  --connections N      keep-alive connections, one MCP session each (1)\n"
    "  --threads T          event loops; connections are split over them (1)\n"
    "  --seconds S          measured time (5; at most 60)      --warmup S (1)\n"
    "  --tool NAME[,NAME]   tool to call (echo); of several, each connection calls one after the other\n"
    "  --arg-bytes B        length of arguments.text (100)\n"
    "  --result-bytes R     send {\"bytes\":R} instead: small request, R bytes back\n"
    "  --args JSON          arguments template; @TEXT@ and @BYTES@ are filled in\n"
    "  --method M           tools/call (default), tools/list, ping, ...\n"
    "  --protocol V         2025-06-18 (default), 2025-11-25, ...\n"
    "  --header 'K: V'      repeatable\n"
    "  --stateless          no initialize: only calls\n"
    "  --transport sse      the old HTTP+SSE transport (GET stream + POST endpoint) instead of streamable HTTP\n"
    "  --streams K          first open K sessions with a standing GET SSE stream each\n"
    "  --stream-hold S      wait S seconds before the calls start (2)\n"
    "  --init-concurrency C at most C handshakes at a time (16)\n"
    "  --timeout S          per request (10); in ready mode, for the whole start\n"
    "  --pid P[,P]          report CPU seconds per 1,000 calls and RSS of these processes\n"
    "  --other-pid P[,P]    processes that belong to the run (upstreams): not counted as other work\n"
    "  --raw [--raw-body X | --raw-get]  no MCP: POST X (or GET) and count the 200s\n"
    "  --mode ready --spawn 'CMD' [--spawn-dir D] [--spawn-log F] [--expect-tools N]\n"
    "                       start CMD, time until initialize answers and N tools are listed, stop it\n"
    "  --label TEXT --json  one JSON object on stdout\n";

namespace {

constexpr double kLongestRun = 60;

/// Takes an option's value; false when it is not one.
using Setter = std::function<bool(const std::string&)>;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

template <class Number>
Setter number(Number& out) {
  return [&out](const std::string& value) { return parse_number(value, out); };
}

Setter text(std::string& out) {
  return [&out](const std::string& value) {
    out = value;
    return true;
  };
}

Setter pids(std::vector<pid_t>& out) {
  return [&out](const std::string& value) {
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(','));
      if (!parse_number(item, out.emplace_back())) return false;
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    }
    return true;
  };
}

/// http://127.x.y.z[:port][/path]; nothing but loopback may be loaded with this tool.
bool set_url(const std::string& url, Options& o) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return false;
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t colon = authority.find(':');
  o.path = slash == std::string_view::npos ? "/" : rest.substr(slash);
  o.host = authority.substr(0, colon);
  o.port = 80;
  if (o.host == "localhost") o.host = "127.0.0.1";
  if (!o.host.starts_with("127.")) return false;
  return colon == std::string_view::npos || parse_number(authority.substr(colon + 1), o.port);
}

std::map<std::string, Setter, std::less<>> valued_options(Options& o) {
  return {
      {"--url", [&o](const std::string& value) { return set_url(value, o); }},
      {"--connections", number(o.connections)},
      {"--threads", number(o.threads)},
      {"--seconds", number(o.seconds)},
      {"--warmup", number(o.warmup)},
      {"--timeout", number(o.timeout)},
      {"--tool",
       [&o](const std::string& value) {
         o.tool = value;
         return !value.empty();
       }},
      {"--method", text(o.method)},
      {"--args", text(o.arguments)},
      {"--arg-bytes", number(o.arg_bytes)},
      {"--result-bytes", number(o.result_bytes)},
      {"--protocol", text(o.protocol)},
      {"--header",
       [&o](const std::string& value) {
         o.headers.push_back(value);
         return true;
       }},
      {"--transport",
       [&o](const std::string& value) {
         o.legacy_sse = value == "sse";
         return o.legacy_sse || value == "http";
       }},
      {"--streams", number(o.streams)},
      {"--stream-hold", number(o.stream_hold)},
      {"--init-concurrency", number(o.init_concurrency)},
      {"--raw-body", text(o.raw_body)},
      {"--mode",
       [&o](const std::string& value) {
         o.mode = value == "ready" ? Options::Mode::ready : Options::Mode::load;
         return value == "ready" || value == "load";
       }},
      {"--spawn", text(o.spawn)},
      {"--spawn-dir", text(o.spawn_directory)},
      {"--spawn-log", text(o.spawn_log)},
      {"--expect-tools", number(o.expect_tools)},
      {"--label", text(o.label)},
      {"--pid", pids(o.pids)},
      {"--other-pid", pids(o.other_pids)},
  };
}

bool set_flag(std::string_view option, Options& o) {
  if (option == "--stateless") return o.stateless = true;
  if (option == "--raw") return o.raw = true;
  if (option == "--raw-get") return o.raw = o.raw_get = true;
  if (option == "--json") return o.json = true;
  return false;
}

void settle(Options& o) {
  o.arg_bytes = std::max(0L, o.arg_bytes);
  o.seconds = std::clamp(o.seconds, 0.0, kLongestRun);
  o.connections = std::max(0, o.connections);
  o.threads = std::clamp(o.threads, 1, std::max(1, o.connections));
  o.init_concurrency = std::max(1, o.init_concurrency);
  if (o.raw && o.raw_body.empty()) o.raw_body.assign(static_cast<std::size_t>(o.arg_bytes), 'a');
}

}  // namespace

std::expected<Options, UsageError> parse_options(int argc, char** argv) {
  Options options;
  const auto setters = valued_options(options);
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help") return std::unexpected(UsageError{});
    if (set_flag(option, options)) continue;
    const auto setter = setters.find(option);
    if (setter == setters.end()) return std::unexpected(UsageError{"unknown option " + option});
    if (++i >= argc) return std::unexpected(UsageError{option + " needs a value"});
    if (!setter->second(argv[i])) return std::unexpected(UsageError{option + ": cannot use \"" + argv[i] + "\""});
  }
  settle(options);
  return options;
}

}  // namespace bench

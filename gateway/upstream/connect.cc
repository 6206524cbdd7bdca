#include "gateway/upstream/connect.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/secret_hint.h"
#include "gateway/upstream/sandbox.h"
#include "gateway/upstream/stderr_log.h"
#include "mcp/transport/fallback_client.h"
#include "mcp/transport/sse_client.h"
#include "mcp/transport/stdio_client.h"
#include "mcp/transport/streamable_client.h"

namespace gateway {

namespace {

std::shared_ptr<mcp::Transport> connect_stdio(const mcp::Executor& executor,
                                              mcp::ProcessLauncher& launcher,
                                              const LiveSpecPtr& server,
                                              const Environment& environment) {
  mcp::StdioClientOptions options;
  options.denial_text = denial_text;
  options.denial_remedy = denial_remedy;
  options.clean = [server](std::string_view text) { return server->redaction().clean(text); };
  options.on_stderr = [log = std::make_shared<StderrLog>(executor, server)](std::string_view line) { log->add(line); };
  return mcp::make_stdio_client(executor, launcher, make_child_spec(**server, environment), std::move(options));
}

std::string last_component(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

bool is_option(std::string_view argument) {
  return argument.starts_with('-');
}

/// Whether what follows this option may be a secret: "--api-key", "-p". Nobody writes one after -y and -m.
bool may_take_secret(std::string_view option) {
  if (!is_option(option) || option == "-y" || option == "-m" || option.find('=') != std::string_view::npos) return false;
  const bool one_letter = option.size() == 2 && option != "--";
  const bool key = option.ends_with("key") || option.ends_with("auth") || option.ends_with("pass");
  return one_letter || key || names_secret(option);
}

/// A long run of letters and digits, as tokens of no known form are.
bool looks_random(std::string_view text) {
  constexpr std::size_t kLong = 20;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto plain = [&](char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return text.size() >= kLong && std::ranges::all_of(text, plain) && std::ranges::any_of(text, digit);
}

/// The first argument that says what runs and holds no secret, "" for none. Pairs and URLs can hold keys in their midst.
std::string telling_argument(const std::vector<std::string>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& argument = args[i];
    if (is_option(argument) || (i > 0 && may_take_secret(args[i - 1]))) continue;
    const bool pair_or_url = argument.find('=') != std::string::npos || argument.find("://") != std::string::npos;
    // "@scope/name" is the name of one package.
    std::string shown = argument.starts_with('@') ? argument : last_component(argument);
    if (!pair_or_url && !looks_secret(shown) && !looks_random(shown)) return shown;
  }
  return "";
}

}  // namespace

mcp::Result<std::shared_ptr<mcp::Transport>> make_transport(const mcp::Executor& executor,
                                                            mcp::ProcessLauncher& launcher,
                                                            const LiveSpecPtr& server,
                                                            const Environment& environment,
                                                            SharedHttp shared) {
  if (std::holds_alternative<StdioSpec>((**server).transport)) return connect_stdio(executor, launcher, server, environment);
  const auto& http = std::get<HttpSpec>((**server).transport);
  auto url = mcp::Url::parse(http.url);
  if (!url) return std::unexpected(std::move(url).error());
  mcp::StreamableClientOptions options;
  options.headers = http.headers;
  options.http.ca_file = http.ca_file;
  options.http.resolver = std::move(shared.resolver);
  options.http.tls = std::move(shared.tls);
  options.http.proxy = std::move(shared.proxy);
  switch (http.kind) {
    case HttpKind::streamable:
      return mcp::make_streamable_client(executor, std::move(*url), std::move(options));
    case HttpKind::sse:
      return mcp::make_sse_client(executor, std::move(*url), {.http = std::move(options)});
    case HttpKind::unknown:
      break;
  }
  return mcp::make_fallback_client(executor, std::move(*url), std::move(options));
}

std::string_view transport_name(const ServerSpec& spec, const mcp::Transport* in_use) {
  const auto* http = std::get_if<HttpSpec>(&spec.transport);
  if (http == nullptr) return "stdio";
  const auto* fallback = dynamic_cast<const mcp::FallbackClient*>(in_use);
  return http->kind == HttpKind::sse || (fallback != nullptr && fallback->fell_back()) ? "http+sse" : "http";
}

std::string describe_target(const ServerSpec& spec) {
  if (const auto* http = std::get_if<HttpSpec>(&spec.transport)) {
    const auto query = http->url.find('?');
    return query == std::string::npos ? http->url : http->url.substr(0, query) + "?…";
  }
  const auto& stdio = std::get<StdioSpec>(spec.transport);
  std::string text = last_component(stdio.command);
  const std::string telling = telling_argument(stdio.args);
  if (!telling.empty()) text += " " + telling;
  return stdio.args.size() > (telling.empty() ? 0U : 1U) ? text + " …" : text;
}

}  // namespace gateway

#include "gateway/upstream/connect.h"

#include <utility>

#include "gateway/upstream/redaction.h"
#include "mcp/base/log.h"
#include "mcp/transport/stdio_client.h"
#include "mcp/transport/streamable_client.h"

namespace gateway {

namespace {

std::shared_ptr<mcp::Transport> connect_stdio(const mcp::Executor& executor,
                                              mcp::ProcessLauncher& launcher,
                                              const ServerSpec& spec,
                                              const StdioSpec& stdio,
                                              const Environment& environment) {
  mcp::ChildSpec child;
  child.command = stdio.command;
  child.args = stdio.args;
  child.env = child_environment(stdio, environment);
  child.cwd = stdio.cwd;
  mcp::StdioClientOptions options;
  options.on_stderr = [server = spec.name.str(), redaction = Redaction(spec)](std::string_view line) {
    mcp::log_info("stderr", redaction.clean(line), {{"server", server}});
  };
  return mcp::make_stdio_client(executor, launcher, std::move(child), std::move(options));
}

}  // namespace

mcp::Result<std::shared_ptr<mcp::Transport>> make_transport(const mcp::Executor& executor,
                                                            mcp::ProcessLauncher& launcher,
                                                            const ServerSpec& spec,
                                                            const Environment& environment,
                                                            std::shared_ptr<mcp::Resolver> resolver) {
  if (const auto* stdio = std::get_if<StdioSpec>(&spec.transport)) {
    return connect_stdio(executor, launcher, spec, *stdio, environment);
  }
  const auto& http = std::get<HttpSpec>(spec.transport);
  auto url = mcp::Url::parse(http.url);
  if (!url) return std::unexpected(std::move(url).error());
  mcp::StreamableClientOptions options;
  options.headers = http.headers;
  options.http.ca_file = http.ca_file;
  options.http.resolver = std::move(resolver);
  return mcp::make_streamable_client(executor, std::move(*url), std::move(options));
}

std::string describe_target(const ServerSpec& spec) {
  if (const auto* http = std::get_if<HttpSpec>(&spec.transport)) {
    const auto query = http->url.find('?');
    return query == std::string::npos ? http->url : http->url.substr(0, query) + "?…";
  }
  const auto& stdio = std::get<StdioSpec>(spec.transport);
  // Arguments can hold keys ("--api-key=…"); how many there are is all that is shown.
  std::string text = stdio.command;
  if (!stdio.args.empty())
    text += " (" + std::to_string(stdio.args.size()) + (stdio.args.size() == 1 ? " argument)" : " arguments)");
  return text;
}

}  // namespace gateway

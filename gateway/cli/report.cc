#include "gateway/cli/report.h"

#include <ostream>

#include "gateway/admin/admin_views.h"
#include "mcp/base/log.h"

namespace gateway {

Exit report_failure(const CommandContext& context, const mcp::Error& error) {
  // An error that came as JSON stays as it came.
  if (context.options.json)
    context.console.out << R"({"error":)" << (error.data.starts_with('{') ? error.data : error_json(error)) << "}\n";
  report_note(context.console, error.text());
  return Exit::failed;
}

void report_diagnostics(const CommandContext& context, const Config& config) {
  for (const Diagnostic& diagnostic : config.diagnostics) {
    const bool warning = diagnostic.severity == Diagnostic::Severity::warning;
    if (context.options.log_format == mcp::LogFormat::json) {
      mcp::log(warning ? mcp::LogLevel::warn : mcp::LogLevel::error,
               "config",
               diagnostic.message,
               {{"file", config.file},
                {"line", std::int64_t{diagnostic.line}},
                {"column", std::int64_t{diagnostic.column}},
                {"path", diagnostic.path}});
      continue;
    }
    report_note(context.console, (warning ? "warning: " : "error: ") + diagnostic.text(config.file));
  }
}

void report_no_servers(const Console& console, const std::string& config) {
  report_note(
      console,
      "no servers configured in " + config +
          ". Take over those of other clients with \"switchyard import\", or add one, for example: switchyard add files -- npx -y "
          "@modelcontextprotocol/server-filesystem /srv/docs");
}

}  // namespace gateway

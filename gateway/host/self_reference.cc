#include "gateway/host/self_reference.h"

#include <filesystem>
#include <istream>
#include <ostream>
#include <sstream>
#include <utility>

#include "mcp/rpc/error_codes.h"
#include "mcp/rpc/message.h"

namespace gateway {

namespace {

constexpr std::string_view kVariable = "SWITCHYARD_WITHIN";

std::string canonical(const std::string& file) {
  std::error_code error;
  return std::filesystem::weakly_canonical(file, error).string();
}

}  // namespace

Environment environment_within(Environment environment, const std::string& config_file) {
  if (config_file.empty() || !environment) return environment;
  std::string files = environment(kVariable).value_or("");
  files += (files.empty() ? "" : "\n") + canonical(config_file);
  return [outer = std::move(environment), files = std::move(files)](std::string_view name) {
    return name == kVariable ? std::optional(files) : outer(name);
  };
}

bool runs_within(const Environment& environment, const std::string& config_file) {
  std::istringstream files(environment(kVariable).value_or(""));
  const std::string own = canonical(config_file);
  for (std::string file; std::getline(files, file);) {
    if (!own.empty() && file == own) return true;
  }
  return false;
}

mcp::Error self_reference(const std::string& config_file) {
  return {mcp::ErrorCode::config_invalid,
          "the servers of " + config_file + " started a gateway on that same file: it would be its own server",
          "Take the server that runs switchyard out of that file."};
}

void refuse_requests(std::istream& in, std::ostream& out, const mcp::Error& error) {
  constexpr std::size_t kLongest = std::size_t{64} << 10;
  std::string line;
  for (char c = 0; in.get(c);) {
    if (c != '\n') {
      if (line.size() < kLongest) line += c;
      continue;
    }
    const auto message = mcp::Message::parse(std::exchange(line, {}));
    if (message && message->kind() == mcp::MessageKind::request) {
      out << mcp::error_response(message->id(), error).text() << std::endl;
    }
  }
}

}  // namespace gateway

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/config/jsonc_write.h"
#include "gateway/import/convert.h"
#include "gateway/import/toml_text.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const gateway::FoundServer& server, const gateway::SourceReading& reading) {
  gateway::SecretNamer namer(
      [](const std::string& name) { return name.ends_with("TOKEN") ? std::optional<std::string>("t") : std::nullopt; });
  const gateway::ConvertedServer converted = gateway::convert_server(server, reading, namer);
  for (const gateway::MovedSecret& secret : converted.secrets)
    require(gateway::is_secret_name(secret.name) && namer.value(secret.name).has_value());
  if (!converted.problem.empty()) return;
  // What is written is read again as what it was.
  const std::string text = gateway::write_on_one_line(converted.entry, gateway::JsoncStyle{.trailing_comma = false});
  const gateway::JsonDocument again = gateway::parse_jsonc(text);
  require(again.problems.empty() && gateway::same_value(again.root, converted.entry));
}

}  // namespace

/// Any bytes are the servers of a client, or a mistake with its place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const gateway::JsonDocument toml = gateway::parse_toml(text);
  for (const gateway::JsonProblem& problem : toml.problems)
    require(!problem.message.empty());
  using enum gateway::ImportClient;
  for (const auto client : {claude_desktop, claude_code, cursor, vscode, codex, other}) {
    const std::string folder = size % 2 == 0 ? "" : "/p/${x}";
    const auto reading = gateway::parse_source(text, {client, "/c/file", folder});
    if (!reading) {
      require(reading.error().message.starts_with("/c/file:") && !reading.error().remedy.empty());
      continue;
    }
    for (const gateway::FoundServer& server : reading->servers)
      check(server, *reading);
  }
  return 0;
}

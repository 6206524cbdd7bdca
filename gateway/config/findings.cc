#include "gateway/config/findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gateway {
namespace {

Diagnostic make(Diagnostic::Severity severity, const std::string& path, TextPosition at, std::string message) {
  return Diagnostic{.severity = severity, .path = path, .line = at.line, .column = at.column, .message = std::move(message)};
}

}  // namespace

void Findings::error(const std::string& path, TextPosition at, std::string message) {
  ++errors_;
  diagnostics_.push_back(make(Diagnostic::Severity::error, path, at, std::move(message)));
}

void Findings::missing_variable(const std::string& path, TextPosition at, std::string message) {
  ++missing_;
  diagnostics_.push_back(make(Diagnostic::Severity::error, path, at, std::move(message)));
  diagnostics_.back().missing = Diagnostic::Missing::variable;
}

void Findings::missing_secret(const std::string& path, TextPosition at, std::string message) {
  missing_variable(path, at, std::move(message));
  diagnostics_.back().missing = Diagnostic::Missing::secret;
}

void Findings::tolerated_error(const std::string& path, TextPosition at, std::string message) {
  diagnostics_.push_back(make(Diagnostic::Severity::error, path, at, std::move(message)));
}

void Findings::warning(const std::string& path, TextPosition at, std::string message) {
  diagnostics_.push_back(make(Diagnostic::Severity::warning, path, at, std::move(message)));
}

void Findings::literal_secret(const std::string& path, TextPosition at, std::optional<std::string> message) {
  if (!message) return;
  warning(path, at, std::move(*message));
  diagnostics_.back().literal_secret = true;
}

void Findings::wrong_type(const std::string& path, const JsonNode& found, std::string_view wanted) {
  error(path, found.at, "expected " + std::string(wanted) + ", found " + std::string(describe(found.kind)));
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  // std::stable_sort of this library uses what it declares deprecated itself.
  std::vector<std::pair<std::tuple<int, int, std::size_t>, Diagnostic>> keyed;
  keyed.reserve(diagnostics.size());
  for (Diagnostic& each : diagnostics)
    keyed.emplace_back(std::tuple(each.line, each.column, keyed.size()), std::move(each));
  std::ranges::sort(keyed, {}, [](const auto& pair) { return pair.first; });
  for (std::size_t i = 0; i < keyed.size(); ++i)
    diagnostics[i] = std::move(keyed[i].second);
}

}  // namespace gateway

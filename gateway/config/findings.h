#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// Said of what is accepted for a later version.
inline constexpr std::string_view kWithoutEffect = "has no effect in this version";

/// What was found wrong with one part of a file: a server's entry, or the file's top level.
class Findings {
 public:
  /// A mistake: the part cannot be used.
  void error(const std::string& path, TextPosition at, std::string message);

  /// A variable that is not set: the part cannot be used until it is.
  void missing_variable(const std::string& path, TextPosition at, std::string message);

  /// The same of a stored secret.
  void missing_secret(const std::string& path, TextPosition at, std::string message);

  /// A mistake in something the part can do without.
  void tolerated_error(const std::string& path, TextPosition at, std::string message);

  void warning(const std::string& path, TextPosition at, std::string message);

  /// A warning of what literal_…_secret() has found there; nothing where it has found nothing.
  void literal_secret(const std::string& path, TextPosition at, std::optional<std::string> message);

  /// The value has the wrong type: "expected WANTED, found a number". The value itself is never repeated.
  void wrong_type(const std::string& path, const JsonNode& found, std::string_view wanted);

  bool usable() const { return errors_ == 0 && missing_ == 0; }
  bool only_variables_missing() const { return errors_ == 0 && missing_ > 0; }
  const std::vector<Diagnostic>& all() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0, missing_ = 0;
};

/// Orders by place in the file; what stands at the same place keeps its order.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

}  // namespace gateway

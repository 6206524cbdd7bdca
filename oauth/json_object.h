#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace oauth {

/// A JSON object that somebody else wrote. Each member that is read is checked; what is not read may be anything. Strings are at
/// most 8 KiB long, lists of them have at most 1,024 members. A member that is null is one that is not there.
class JsonObject {
 public:
  /// `name` says in Errors what it is. Errors: parse_error (no JSON object, nested deeper than 32, over 1 MiB).
  static mcp::Result<JsonObject> parse(std::string name, std::string_view text);

  ~JsonObject();
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;

  /// These keep the first thing that was wrong for error(), and go on with what an absent member would give.
  std::string text(const char* member);
  bool truth(const char* member);
  std::optional<std::vector<std::string>> texts(const char* member);
  /// {} where it is no number, or beyond what a long holds: never an error.
  std::optional<long long> number(const char* member) const;

  bool has(const char* member) const;

  /// Notes that something is wrong: "NAME: PROBLEM".
  void refuse(const std::string& problem);

  /// What was wrong first: invalid_request.
  const std::optional<mcp::Error>& error() const { return error_; }

 private:
  JsonObject(std::string name, std::unique_ptr<nlohmann::json> json);
  const nlohmann::json* find(const char* member) const;

  std::string name_;
  std::unique_ptr<nlohmann::json> json_;
  std::optional<mcp::Error> error_;
};

}  // namespace oauth

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// A secret that was taken out of a value, and the name it has in the store.
struct MovedSecret {
  std::string name;
  std::string path;     // where it stood in the entry: "env.GITHUB_TOKEN"
  bool stored = false;  // already, with this value
};

/// Gives secrets their names in the store: the same value under the wanted name shares it, another one gets "_2", "_3" behind it.
class SecretNamer {
 public:
  /// What the store has under a name.
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

  explicit SecretNamer(Lookup stored) : stored_(std::move(stored)) {}

  MovedSecret name(const std::string& wanted, const std::string& value, std::string path);

  /// What a name stands for: given here, else stored.
  std::optional<std::string> value(const std::string& name) const;

 private:
  Lookup stored_;
  std::map<std::string, std::string> given_;
};

}  // namespace gateway

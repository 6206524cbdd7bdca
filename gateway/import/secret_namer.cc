#include "gateway/import/secret_namer.h"

#include <utility>

namespace gateway {

MovedSecret SecretNamer::name(const std::string& wanted, const std::string& value, std::string path) {
  for (int number = 1;; ++number) {
    std::string name = number == 1 ? wanted : wanted + "_" + std::to_string(number);
    const auto stored = stored_(name);
    const auto given = given_.find(name);
    const bool taken = stored ? *stored != value : given != given_.end() && given->second != value;
    if (taken) continue;
    given_.emplace(name, value);
    return {std::move(name), std::move(path), stored.has_value()};
  }
}

std::optional<std::string> SecretNamer::value(const std::string& name) const {
  const auto given = given_.find(name);
  return given == given_.end() ? stored_(name) : given->second;
}

}  // namespace gateway

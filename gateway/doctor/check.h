#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/error.h"

namespace gateway {

enum class CheckLevel { ok, note, warning, error };

/// "ok", "note", "warning", "error".
std::string_view to_string(CheckLevel level);

/// In the order in which they are shown: what stands first may be the cause of what comes behind.
enum class CheckGroup { installation, state, configuration, gateway, servers };

/// "installation", …
std::string_view to_string(CheckGroup group);

/// What one look found. The texts are for people; none holds a secret.
struct Check {
  CheckGroup group = CheckGroup::installation;
  std::string subject;  // what was looked at, in a word or two; in the group `servers` the server's name
  CheckLevel level = CheckLevel::ok;
  std::string message;
  std::string remedy = {};  // what mends it; "" where all is well, or nothing can be done
  bool of_server = false;   // it concerns the server of that name alone

  bool operator==(const Check&) const = default;
};

using Checks = std::vector<Check>;

std::size_t count_of(const Checks& checks, CheckLevel level);

/// {"checks":[{"group","subject","level","message","remedy"?}],"errors":N,"warnings":N,"notes":N}
std::string checks_json(const Checks& checks);

/// Collects what the looks of one group find.
class CheckList {
 public:
  explicit CheckList(CheckGroup group) : group_(group), of_server_(group == CheckGroup::servers) {}

  /// The next one's subject is the name of a server; in the group `servers` each is.
  CheckList& of_server() {
    of_server_ = true;
    return *this;
  }

  void ok(std::string subject, std::string message) { add(CheckLevel::ok, std::move(subject), std::move(message), {}); }

  void note(std::string subject, std::string message, std::string remedy = {}) {
    add(CheckLevel::note, std::move(subject), std::move(message), std::move(remedy));
  }

  void warning(std::string subject, std::string message, std::string remedy) {
    add(CheckLevel::warning, std::move(subject), std::move(message), std::move(remedy));
  }

  void error(std::string subject, std::string message, std::string remedy) {
    add(CheckLevel::error, std::move(subject), std::move(message), std::move(remedy));
  }

  void error(std::string subject, mcp::Error error) {
    add(CheckLevel::error, std::move(subject), std::move(error.message), std::move(error.remedy));
  }

  void add(CheckLevel level, std::string subject, std::string message, std::string remedy);

  Checks take() { return std::move(checks_); }

 private:
  CheckGroup group_;
  bool of_server_;
  Checks checks_;
};

}  // namespace gateway

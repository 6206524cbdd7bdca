#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/catalog/paged_list.h"
#include "gateway/config/config.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// Whether a tool can run as a task, as its server says (MCP 2025-11-25, "Tasks", tool-level negotiation).
enum class TaskSupport { forbidden, optional, required };

/// A server as a view shows it.
struct ViewMember {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<const ServerSpec> spec;  // how it is shown, and called; not always how it is shown just now
};

/// The runtimes as they are shown just now.
std::vector<ViewMember> members_of(const std::vector<std::shared_ptr<Runtime>>& runtimes);

/// Where a callable name leads.
struct Route {
  CallableName callable;
  ServerName server;
  ToolName own_name;  // of the tool or prompt
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<const ServerSpec> spec;  // of its server: calls finish under the one they began with
  TaskSupport tasks = TaskSupport::forbidden;
};

/// How tools and prompts are named in a view.
struct Naming {
  bool own_names = false;  // the server's own names, in its own order (views of one server)
  std::size_t max_length = 46;
};

/// What is called by a name, tools or prompts, as one view offers it: routes by name, and the list. Immutable.
class NamedList {
 public:
  /// Names that two would share stay with the first in the order of (server, own name), but with a tool that the configuration
  /// gives the name before one of the same server that has it; the others are reported in clashes(). What the configuration says of
  /// tools (tools.override) is part of the list; names stay the servers' own where `naming` says so.
  NamedList(CatalogKind kind, const std::vector<ViewMember>& members, Naming naming);

  NamedList(const NamedList&) = delete;
  NamedList& operator=(const NamedList&) = delete;

  /// Nothing where none of that name is offered.
  const Route* find(std::string_view callable) const;

  /// A tool of that name is there, but the configuration's tools.allow / tools.deny keep it back.
  const Route* find_filtered(std::string_view callable) const;

  /// What became of one thing that a member offers.
  struct Fate {
    enum class Kind { offered, filtered, name_taken };

    Kind kind = Kind::offered;
    const Route* route = nullptr;   // where its name leads, or would
    const Route* holder = nullptr;  // name_taken: who has its name
    std::size_t place = 0;          // offered: in list()
  };

  /// The tool that would have that name if the configuration (tools.override) did not give it another. Looks through all there is.
  std::optional<Fate> find_renamed(std::string_view callable) const;

  /// Nothing where no member of that name offers it. For explanations: looks through all there is.
  std::optional<Fate> fate_of(const ServerName& server, std::string_view own_name) const;

  /// Of all that a member offers, in no order that matters.
  std::vector<Fate> fates_of(const ServerName& server) const;

  /// The places in list() of what its server does not show to a client like this one, ascending.
  std::vector<std::size_t> hidden_from(const mcp::Caller& caller) const;

  /// The name nearest to one that is not there, or "": that of the only one whose server calls it so, else the one spelled alike.
  std::string nearest(std::string_view callable) const;

  const std::vector<Route>& routes() const { return routes_; }

  /// As clients get it, in the order of routes().
  const PagedList& list() const { return list_; }

  /// What could not be offered under its own name, and what the configuration says of tools that are not there; a line each.
  const std::vector<std::string>& clashes() const { return clashes_; }

 private:
  struct Candidate {
    Route route;
    const CatalogEntry* entry = nullptr;
    const ToolOverride* shown = nullptr;  // of route.spec
  };
  struct Unnamed {
    Route route;
    std::size_t holder = 0;  // in routes_, of who has its name
  };
  struct Restricted {
    std::size_t place = 0;              // in routes_
    std::vector<std::string> only_for;  // CatalogEntry::only_for
  };

  std::vector<Candidate> collect(const std::vector<ViewMember>& members, Naming naming);
  Candidate candidate_of(const ViewMember& member, const CatalogEntry& entry, Naming naming) const;
  void add(Candidate candidate, bool own_name);
  void report_missing(const ViewMember& member);

  const CatalogKind kind_;
  const Naming naming_;
  std::vector<Route> routes_, filtered_;
  std::vector<Unnamed> unnamed_;
  std::vector<Restricted> restricted_;
  std::unordered_map<std::string_view, std::size_t> index_, filtered_index_;  // keys point into routes_, filtered_
  PagedList list_;
  std::vector<std::string> clashes_;
};

}  // namespace gateway

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/upstream/runtime.h"
#include "mcp/base/result.h"

namespace gateway {

/// Where a callable name leads.
struct Route {
  CallableName callable;
  ServerName server;
  ToolName tool;
  std::shared_ptr<Runtime> runtime;
};

/// How tools are named in a view.
struct Naming {
  bool own_names = false;  // the server's own names, in its own order (views of one server)
  std::size_t max_length = 46;
};

/// What one view (a profile, or one server) offers: routes by name, and the list as text, rendered once. Immutable; pinned by the
/// calls that began with it.
class Projection {
 public:
  /// `runtimes` are the members of the view. Names that two tools would share stay with the first in the order of (server, tool);
  /// the others are reported in clashes().
  static std::shared_ptr<const Projection> build(const std::vector<std::shared_ptr<Runtime>>& runtimes, Naming naming);

  /// Nothing where no tool of that name is offered.
  const Route* find(std::string_view callable) const;

  /// A tool of that name is there, but the configuration's tools.allow / tools.deny keep it back.
  const Route* find_filtered(std::string_view callable) const;

  /// One page as the result of tools/list: {"tools":[…],"nextCursor":"…"}. `cursor` is the decoded one of the request, "" for the
  /// first page. Pages go by name (or by place, where the server's own order is kept), so that a list that changes between two
  /// pages repeats nothing. Error invalid_params for a cursor we did not make.
  mcp::Result<std::string> page(std::string_view cursor, std::size_t size) const;

  /// The name nearest to one that is not there, or "".
  std::string nearest(std::string_view callable) const;

  const std::vector<Route>& routes() const { return routes_; }
  const std::string& text(std::size_t index) const { return texts_[index]; }  // the tool object of routes()[index]
  const std::vector<std::string>& clashes() const { return clashes_; }

  /// True when a client would see no difference.
  bool same_list(const Projection& other) const { return texts_ == other.texts_; }

 private:
  void add(Route route, const std::string& text, bool own_name);
  void render();

  std::vector<Route> routes_;
  std::vector<std::string> texts_;  // the tool objects, beside routes_
  std::vector<Route> filtered_;
  std::unordered_map<std::string_view, std::size_t> index_, filtered_index_;  // keys point into routes_, filtered_
  std::vector<std::string> clashes_;
  std::string whole_;  // the list in one page
};

}  // namespace gateway

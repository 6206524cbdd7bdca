#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/catalog/projection.h"
#include "mcp/base/clock.h"

namespace gateway {

/// A server that cannot run. Only there to explain itself.
struct AbsentServer {
  enum class Kind { broken, disabled, environment };  // in the configuration; there, too; the one it is bound to is not there

  ServerName name;
  mcp::Error why;
  Kind kind = Kind::broken;
  bool required = false;
  std::size_t place = 0;  // how many of those that run stand before it in the configuration
};

/// The state it is in, as people see it: "broken", "disabled", "environment_absent".
std::string_view to_string(AbsentServer::Kind kind);

/// What an endpoint shows: some servers, under some naming, with the current projection and whoever wants to know when it changes.
/// Loop thread only. Held by shared_ptr.
class View : public std::enable_shared_from_this<View> {
 public:
  /// Told once after lists changed, and of which kinds, however many changes came together.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void lists_changed(CatalogKinds changed) = 0;
    /// A server that was not there before is now a member.
    virtual void joined(Runtime& runtime) = 0;
  };

  /// Keeps a listener in the view's list as long as it lives.
  class Subscription {
   public:
    Subscription(std::shared_ptr<View> view, Listener& listener);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    std::shared_ptr<View> view_;
    std::list<Listener*>::iterator place_;
  };

  /// `title` as people see it: "/mcp", "/mcp/coding". `absent`: the servers it would show if they could run.
  View(const mcp::Executor& executor,
       std::string title,
       std::vector<std::shared_ptr<Runtime>> members,
       Naming naming,
       std::vector<AbsentServer> absent = {});

  const std::string& title() const { return title_; }
  const std::vector<std::shared_ptr<Runtime>>& members() const { return members_; }
  const std::vector<AbsentServer>& absent() const { return absent_; }
  const Naming& naming() const { return naming_; }
  const std::shared_ptr<const Projection>& projection() const { return projection_; }

  bool has(const Runtime& runtime) const;

  /// From here on it shows these. Former members may still be at work for clients (everyone()).
  void change(std::vector<std::shared_ptr<Runtime>> members, Naming naming, std::vector<AbsentServer> absent);

  /// What it showed is not to be had any more, and why: it has no members, and opens for nobody. {}: it is open again.
  void close(std::optional<mcp::Error> why) { closed_ = std::move(why); }
  const std::optional<mcp::Error>& closed() const { return closed_; }

  /// The members, and those of the former ones that are still there: clients' tasks may run on them.
  std::vector<std::shared_ptr<Runtime>> everyone() const;

  /// Builds the projection anew from what the members offer now, publishes it, and tells the listeners where clients would see a
  /// difference.
  void rebuild();

  /// Every member has come to the end of its first start.
  bool settled() const;

  /// The same, or something is known of it from before.
  bool listable() const;

  /// Waits until it is settled(), until `deadline`; false when some are still starting then.
  mcp::Task<bool> wait_settled(std::chrono::steady_clock::time_point deadline);

  /// Likewise until it is listable().
  mcp::Task<void> wait_listable(std::chrono::steady_clock::time_point deadline);

 private:
  void tell_listeners();
  void remember_leaving(const std::vector<std::shared_ptr<Runtime>>& next);
  void log_clashes(const Projection& next) const;

  mcp::Executor executor_;
  std::string title_;
  std::vector<std::shared_ptr<Runtime>> members_;
  Naming naming_;
  std::vector<AbsentServer> absent_;
  std::vector<std::weak_ptr<Runtime>> former_;
  std::optional<mcp::Error> closed_;
  std::shared_ptr<const Projection> projection_;
  std::list<Listener*> listeners_;
  mcp::Timer tell_timer_;
  CatalogKinds untold_;  // what changed and was not told yet
};

}  // namespace gateway

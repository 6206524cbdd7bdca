#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "gateway/catalog/projection.h"
#include "mcp/base/clock.h"

namespace gateway {

/// A server that cannot run: switched off, or broken in the configuration. Only there to explain itself.
struct AbsentServer {
  ServerName name;
  mcp::Error why;
  bool disabled = false;  // switched off
  std::size_t place = 0;  // how many of those that run stand before it in the configuration
};

/// What an endpoint shows: some servers, under some naming, with the current projection and whoever wants to know when it changes.
/// Loop thread only. Held by shared_ptr.
class View : public std::enable_shared_from_this<View> {
 public:
  /// Told once after lists changed, and of which kinds, however many changes came together.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void lists_changed(CatalogKinds changed) = 0;
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

  /// Builds the projection anew from what the members offer now, publishes it, and tells the listeners where clients would see a
  /// difference.
  void rebuild();

  /// Every member has come to the end of its first start.
  bool settled() const;

  /// Waits for that, until `deadline`; false when some are still starting then.
  mcp::Task<bool> wait_settled(std::chrono::steady_clock::time_point deadline);

 private:
  void tell_listeners();
  void log_clashes(const Projection& next) const;

  mcp::Executor executor_;
  std::string title_;
  std::vector<std::shared_ptr<Runtime>> members_;
  Naming naming_;
  const std::vector<AbsentServer> absent_;
  std::shared_ptr<const Projection> projection_;
  std::list<Listener*> listeners_;
  mcp::Timer tell_timer_;
  CatalogKinds untold_;  // what changed and was not told yet
};

}  // namespace gateway

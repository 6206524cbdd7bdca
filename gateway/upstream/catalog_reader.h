#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "gateway/config/config.h"
#include "gateway/upstream/live_spec.h"
#include "gateway/upstream/server_catalog.h"
#include "mcp/base/event.h"
#include "mcp/session/client_session.h"

namespace gateway {

struct CatalogReaderOptions {
  mcp::Executor executor;
  LiveSpecPtr server;
  std::chrono::milliseconds delay{};   // from list_changed, which often comes in bursts, to reading the list anew
  std::chrono::milliseconds pause{};   // between two readings: some servers never stop changing
  std::chrono::milliseconds others{};  // what the other lists get at the start, once that of the tools is there
};

/// Keeps the catalog of one server: reads what the server declares when it starts, all lists at once, and again those of which the
/// server says that they changed. A list that cannot be read stays as it was (at first: empty), with a warning; only that of the
/// tools is needed to start. Loop thread only. A part of its owner, which outlives it.
class CatalogReader {
 public:
  /// The runtime, as its reader sees it.
  class Owner {
   public:
    /// Keeps the owner, and with it the reader, as long as the pointer lives.
    virtual std::shared_ptr<Owner> hold() = 0;
    /// The session while the server is ready, else null.
    virtual std::shared_ptr<mcp::ClientSession> live_session() const = 0;
    virtual mcp::Event& stopping() = 0;
    virtual mcp::Error explain_timeout() const = 0;
    virtual void catalog_replaced() = 0;
    /// Reading showed that the server no longer knows this session.
    virtual void session_lost(const mcp::ClientSession& session, const mcp::Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  CatalogReader(Owner& owner, CatalogReaderOptions options);

  /// What the server offers, or offered before it was lost. Never null.
  const std::shared_ptr<const ServerCatalog>& catalog() const { return catalog_; }

  /// Until the first reading: what another reader of the same server had, or what was kept of it.
  void remember(const CatalogReader& before);
  void remember(std::shared_ptr<const ServerCatalog> catalog);

  /// As all clients see it.
  const std::shared_ptr<const ServerCatalog>& common() const { return common_; }

  /// The catalog has been read since, and is not one that was remembered.
  bool fresh() const { return fresh_; }

  /// The catalog is one that was remembered.
  bool remembers() const { return remembers_; }

  /// The first reading of a session that has just been introduced with these capabilities (JSON text). The error is why the server
  /// cannot be used.
  mcp::Task<mcp::Result<>> read(mcp::ClientSession& session, std::string_view capabilities, mcp::Cancellation& cancellation);

  /// Reads anew, soon, what this notification of the server's says has changed; does nothing with others.
  void notice(const mcp::Message& notification);

  /// The tools that clients who can be asked this much (adapt_capabilities) see, some of which servers show to nobody else: what is
  /// new among them is offered beside the rest, to such clients alone. A list of as many capabilities read before is replaced.
  void add_tools(const std::string& capabilities, const CatalogListPtr& tools);

  /// Makes up for the changes that were told while the server was not ready.
  void resume();

 private:
  /// Lists of several kinds being read at once.
  struct Reading {
    explicit Reading(const mcp::Executor& executor) : done(executor) {}

    std::array<mcp::Result<CatalogListPtr>, kCatalogKinds> lists;  // of those that were asked for
    std::size_t open = 0;
    mcp::Event done;
  };

  /// Begins to list these; `session` and `cancellation` are needed until the reading is done.
  std::shared_ptr<Reading> begin(mcp::ClientSession& session, CatalogKinds kinds, mcp::Cancellation& cancellation);
  void warn_unread(CatalogKind kind, const mcp::Error& error) const;
  void warn_refused(const ServerCatalog& next) const;
  void publish(std::shared_ptr<const ServerCatalog> catalog);
  std::shared_ptr<const ServerCatalog> with_more(std::shared_ptr<const ServerCatalog> common) const;
  void start_refresh();
  mcp::Task<void> refresh();
  /// One reading of what is wanted; takes what came, and says what did not.
  mcp::Task<CatalogKinds> read_wanted(std::shared_ptr<mcp::ClientSession> session);

  Owner& owner_;
  const CatalogReaderOptions options_;
  std::shared_ptr<const ServerCatalog> common_;              // as all clients see it
  std::map<std::string, CatalogListPtr, std::less<>> more_;  // tools, by capabilities
  std::shared_ptr<const ServerCatalog> catalog_;             // both
  CatalogKinds declared_;                                    // by the server, when it started last
  CatalogKinds wanted_;                                      // to be read anew
  bool refreshing_ = false;
  bool fresh_ = false, remembers_ = false;
};

}  // namespace gateway

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/rpc/request_handler.h"

namespace gateway {

/// Which clients are subscribed to which resources of one server, on the session they share. Loop thread only.
class ResourceSubscriptions {
 public:
  static constexpr std::size_t kMaxOfClient = 1000;  // with one server

  /// `uri` as the server knows it, `shown` as the client does. False where the client has too many.
  bool add(const std::shared_ptr<mcp::ClientPeer>& client, std::string uri, std::string shown);

  /// The server's URI of what the client is subscribed to under this one.
  std::optional<std::string> find(std::uint64_t client, std::string_view shown) const;

  /// True when nobody is subscribed to it any more, but somebody was.
  bool remove(std::uint64_t client, std::string_view uri);

  /// The client has gone: the resources nobody is subscribed to any more.
  std::vector<std::string> forget(std::uint64_t client);

  /// Whether this client, or any other, is.
  bool has(std::string_view uri) const { return subscribers_.contains(uri); }

  /// Tells everybody who is subscribed to the resource of the server's notifications/resources/updated, or else to one that it may
  /// be a part of (MCP 2025-11-25, "Resources": the URI may be that of a sub-resource).
  void updated(const mcp::Message& notification) const;

  /// Tells all that their resources may have changed.
  void all_updated() const;

  std::vector<std::string> uris() const;

  bool empty() const { return subscribers_.empty(); }
  std::size_t size() const { return subscribers_.size(); }

 private:
  struct Subscriber {
    std::uint64_t id = 0;
    std::weak_ptr<mcp::ClientPeer> client;
    std::string shown;
  };

  std::map<std::string, std::vector<Subscriber>, std::less<>> subscribers_;  // by the server's URI
};

/// A client's own spelling of a resource that its server says was updated: the one it is subscribed to, or what that is of one that
/// it is subscribed to a part of; "" where it is subscribed to neither. `subscriptions`: server's URI → client's.
std::string shown_uri(const std::map<std::string, std::string, std::less<>>& subscriptions, std::string_view uri);

/// The URI of a notifications/resources/updated, "" where there is none.
std::string updated_uri(const mcp::Message& notification);

/// The notification under another URI.
mcp::Message with_uri(const mcp::Message& notification, std::string_view uri);

}  // namespace gateway

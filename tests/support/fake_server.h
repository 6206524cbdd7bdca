#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"

namespace mcp {

/// An MCP server over streamable HTTP (JSON answers, GET stream) on the loop it is given, whose behaviour the test changes while it
/// runs. Loop thread only.
class FakeServer {
 public:
  using json = nlohmann::json;

  explicit FakeServer(const Executor& executor);

  std::string url() const;

  /// Objects of that name, or URI.
  static json tool(const std::string& name);
  static json prompt(const std::string& name);
  static json resource(const std::string& uri);
  static json resource_template(const std::string& text);

  std::vector<json> tools, prompts, resources, templates;  // what the lists answer
  std::size_t page_size = 10'000;                          // of each
  std::string version;                                     // the revision it wants; "" = the client's
  int status = 200;                                        // anything else answers every request, or those of
  std::string status_method;                               // this method alone, where it is set
  int get_status = 200;                                    // anything else answers every GET
  int refused_streams = 0;                                 // GETs answered so
  std::vector<json> received;                              // all POSTed messages, in order, those to a lost session too
  json capabilities = {{"tools", {{"listChanged", true}}}};

  /// Makes results in place of the default ones where it returns one; a result with a member "error" is sent as that error.
  std::function<std::optional<json>(const json& request)> answer;

  /// Requests of this method wait, their answer made, until released. "" holds none.
  std::string held_method;
  void release();

  /// The sessions given so far are not known any more (404).
  void forget_sessions() { known_.clear(); }

  /// Sends a notification on every open GET stream.
  void notify(const std::string& method);

  /// Sends a ping on every open GET stream. An answer to it is a received message without a method.
  void ping();

  std::size_t count(std::string_view method) const;
  std::size_t streams() const { return streams_.size(); }

  /// Ends all connections.
  Task<void> stop();

 private:
  Task<void> handle(HttpExchange& exchange);
  Task<void> stream(HttpExchange& exchange);
  Task<void> post(HttpExchange& exchange);
  json respond_to(const json& request) const;
  json list(const json& request, const std::string& member, const std::vector<json>& all) const;
  void send(const json& message);

  Executor executor_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::set<std::string, std::less<>> known_;  // sessions
  int sessions_ = 0;
  std::vector<HttpExchange*> streams_;
  std::shared_ptr<Event> released_;
};

}  // namespace mcp

#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oauth/http_client.h"
#include "oauth/login.h"
#include "tests/oauth/support/fake_web.h"
#include "tests/support/run_task.h"

namespace oauth {

class MemoryClients final : public KnownClients {
 public:
  mcp::Task<std::optional<Client>> find(std::string issuer) override {
    const auto found = clients.find(issuer);
    if (found == clients.end()) co_return std::nullopt;
    co_return found->second;
  }

  mcp::Task<void> keep(std::string issuer, Client client) override {
    clients[issuer] = std::move(client);
    co_return;
  }

  mcp::Task<void> forget(std::string issuer) override {
    forgotten.push_back(issuer);
    clients.erase(issuer);
    co_return;
  }

  std::map<std::string, Client> clients;
  std::vector<std::string> forgotten;
};

/// An MCP server at https://a.example/mcp that wants logins, its authorization server at https://as.example, and somebody with a
/// browser, which finds the callback listener over a real connection.
class LoginScene : public testing::Test {
 protected:
  using json = nlohmann::json;
  using Parameters = std::map<std::string, std::string>;

  LoginScene() {
    web->put("https://a.example/mcp", [this](const HttpRequest&) {
      HttpAnswer answer;
      answer.status = server_status;
      if (server_status == 401)
        answer.challenge = R"(Bearer scope="read", resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp")";
      return answer;
    });
    web->put_json(
        "https://a.example/.well-known/oauth-protected-resource/mcp",
        R"({"resource":"https://a.example/mcp","authorization_servers":["https://as.example"],"scopes_supported":["x"]})");
    web->put("https://as.example/.well-known/oauth-authorization-server",
             [this](const HttpRequest&) { return FakeWeb::json(200, metadata.dump()); });
    web->put("https://as.example/register", [this](const HttpRequest&) {
      return FakeWeb::json(201, json{{"client_id", "client-" + std::to_string(++registered)}}.dump());
    });
    web->put("https://as.example/token", [this](const HttpRequest& request) {
      const Parameters form = parameters(request.body);
      tokens_asked.push_back(form);
      if (on_token) {
        if (auto answer = on_token(form)) return *answer;
      }
      return FakeWeb::json(200, tokens.dump());
    });
    options.settings.server_url = "https://a.example/mcp";
    options.client_version = "1.2.3";
    options.on_url = [this](const std::string& url) {
      urls.push_back(url);
      const Parameters query = parameters(url.substr(url.find('?') + 1));
      if (person) boost::asio::co_spawn(loop, visit(query.at("redirect_uri") + "?" + person(query)), boost::asio::detached);
    };
  }

  static Parameters parameters(std::string_view query) {
    Parameters all;
    for (auto& [name, value] : parse_query(query))
      all[name] = value;
    return all;
  }

  /// The person agrees.
  static std::string agree(const Parameters& query) {
    return "code=the-code&iss=https%3A%2F%2Fas.example&state=" + query.at("state");
  }

  mcp::Task<void> visit(std::string url) {
    mcp::Cancellation never;
    HttpRequest request;
    request.url = std::move(url);
    pages.push_back(co_await browser->send(std::move(request), never));
  }

  /// One after the other.
  mcp::Task<void> visit_all(std::vector<std::string> all) {
    for (std::string& url : all)
      co_await visit(std::move(url));
  }

  std::unique_ptr<Login> make() { return std::make_unique<Login>(loop.get_executor(), web, clients, options); }

  mcp::Result<std::optional<Credential>> run() {
    const auto login = make();
    return mcp::run_task(loop, login->run(cancellation));
  }

  Credential credential() {
    auto result = run();
    EXPECT_TRUE(result) << result.error().text();
    EXPECT_TRUE(result && *result);
    return result && *result ? **result : Credential();
  }

  mcp::Error failure() {
    auto result = run();
    EXPECT_FALSE(result);
    return result ? mcp::Error{} : result.error();
  }

  boost::asio::io_context loop;
  std::shared_ptr<FakeWeb> web = std::make_shared<FakeWeb>();
  std::shared_ptr<MemoryClients> clients = std::make_shared<MemoryClients>();
  std::shared_ptr<Http> browser = make_http(loop.get_executor(), {.server_url = "http://127.0.0.1/"}, {});
  LoginOptions options;
  mcp::Cancellation cancellation;
  int server_status = 401;
  int registered = 0;
  json metadata = {{"issuer", "https://as.example"},
                   {"authorization_endpoint", "https://as.example/authorize"},
                   {"token_endpoint", "https://as.example/token"},
                   {"registration_endpoint", "https://as.example/register"},
                   {"revocation_endpoint", "https://as.example/revoke"},
                   {"code_challenge_methods_supported", {"S256"}}};
  json tokens = {{"access_token", "the-access"}, {"token_type", "Bearer"}, {"refresh_token", "the-refresh"}, {"expires_in", 3600}};
  std::function<std::optional<HttpAnswer>(const Parameters&)> on_token;
  std::function<std::string(const Parameters&)> person = agree;
  std::vector<std::string> urls;               // the person was sent to
  std::vector<Parameters> tokens_asked;        // forms
  std::vector<mcp::Result<HttpAnswer>> pages;  // that the browser got from us
};

}  // namespace oauth

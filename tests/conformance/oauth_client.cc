// The client that the official suite starts to look at our logins: oauth_conformance_client URL
//
// Connects to the suite's server as an MCP client with a login of ours, does what the scenario of MCP_CONFORMANCE_SCENARIO asks,
// and ends with status 0 when that went well. Its browser fetches the authorization URL and follows where that leads.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "mcp/base/event.h"
#include "mcp/base/login_reason.h"
#include "mcp/session/client_session.h"
#include "mcp/transport/streamable_client.h"
#include "oauth/http_client.h"
#include "oauth/login.h"

namespace {

using nlohmann::json;

constexpr int kMaxLogins = 3;
constexpr auto kGrace = std::chrono::seconds(2);
constexpr auto kTime = std::chrono::seconds(25);  // the suite gives up after 30 s, and waits for the program even then
constexpr auto kStreamTime = std::chrono::milliseconds(500);
constexpr const char* kCapabilities = R"({"elicitation":{"form":{}}})";
constexpr const char* kMetadataUrl = "https://conformance-test.local/client-metadata.json";

/// What the suite says by the environment.
struct Scenario {
  std::string name;
  bool modern = false;  // 2026-07-28
  json context = json::object();

  std::string text(const char* member) const { return context.value(member, ""); }
};

Scenario read_scenario() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before there is a thread
    return std::string(value == nullptr ? "" : value);
  };
  Scenario scenario;
  scenario.name = variable("MCP_CONFORMANCE_SCENARIO");
  scenario.modern = variable("MCP_CONFORMANCE_PROTOCOL_VERSION") == "2026-07-28";
  const json context = json::parse(variable("MCP_CONFORMANCE_CONTEXT"), nullptr, false);
  if (context.is_object()) scenario.context = context;
  return scenario;
}

oauth::ServerSettings settings_for(const Scenario& scenario, const std::string& url) {
  oauth::ServerSettings settings;
  settings.server_url = url;
  settings.client_id = scenario.text("client_id");
  settings.client_secret = scenario.text("client_secret");
  settings.private_key = scenario.text("private_key_pem");
  settings.client_metadata_url = kMetadataUrl;
  if (scenario.name.contains("client-credentials")) settings.grant = oauth::Grant::client_credentials;
  return settings;
}

class ClientsInMemory final : public oauth::KnownClients {
 public:
  mcp::Task<std::optional<oauth::Client>> find(std::string issuer) override {
    const auto found = clients_.find(issuer);
    if (found == clients_.end()) co_return std::nullopt;
    co_return found->second;
  }

  mcp::Task<void> keep(std::string issuer, oauth::Client client) override {
    clients_[issuer] = std::move(client);
    co_return;
  }

  mcp::Task<void> forget(std::string issuer) override {
    clients_.erase(issuer);
    co_return;
  }

 private:
  std::map<std::string, oauth::Client> clients_;
};

/// A browser with nobody before it.
mcp::Task<void> browse(std::shared_ptr<oauth::Http> http, std::string url) {
  mcp::Cancellation never;
  for (int steps = 0; steps < 10; ++steps) {
    oauth::HttpRequest request;
    request.url = url;
    const auto answer = co_await http->send(std::move(request), never);
    if (!answer) std::fprintf(stderr, "browser: %s\n", answer.error().text().c_str());
    if (!answer || answer->location.empty()) co_return;
    const auto here = mcp::Url::parse(url);
    auto next = here ? here->resolve(answer->location) : here;
    if (!next) co_return;
    url = next->origin() + next->target;
  }
}

/// Logs in as often as the server refuses, within reason.
class LoggingIn final : public mcp::Authorizer {
 public:
  LoggingIn(mcp::Executor executor, oauth::ServerSettings settings)
      : executor_(std::move(executor)),
        settings_(std::move(settings)),
        http_(oauth::make_http(executor_, {.server_url = settings_.server_url}, {})) {}

  bool at_once(Header& header) override {
    header = header_;
    return true;
  }

  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation&) override { co_return header_; }

  mcp::Task<mcp::Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override {
    // Somebody else's refusal has led to a new token meanwhile.
    if (refusal.sent != header_) co_return mcp::Result<>();
    if (++logins_ > kMaxLogins) co_return mcp::fail(mcp::ErrorCode::reauthentication_required, "the server refuses every login.");
    oauth::LoginOptions options;
    options.settings = settings_;
    options.challenge = refusal.challenge;
    options.more = refusal.status == 403 ? asked_ : oauth::Scopes();
    options.client_version = "1.0.0";
    options.on_url = [this](const std::string& url) {
      boost::asio::co_spawn(executor_, browse(http_, url), boost::asio::detached);
    };
    oauth::Login login(executor_, http_, clients_, std::move(options));
    auto credential = co_await login.run(cancellation);
    if (!credential) co_return std::unexpected(std::move(credential.error()));
    if (!*credential) co_return mcp::fail(mcp::ErrorCode::login_required, "the server says that it asks for no login.");
    asked_ = (*credential)->asked;
    header_ = std::make_shared<const std::string>("Bearer " + (*credential)->access_token);
    co_return mcp::Result<>();
  }

  bool logged_in() const { return header_ != nullptr; }

 private:
  mcp::Executor executor_;
  oauth::ServerSettings settings_;
  std::shared_ptr<oauth::Http> http_;
  std::shared_ptr<ClientsInMemory> clients_ = std::make_shared<ClientsInMemory>();
  Header header_;
  oauth::Scopes asked_;
  int logins_ = 0;
};

/// The caller of all requests; what the server asks it accepts, with the defaults of the schema.
class Accepting final : public mcp::CallContext {
 public:
  const mcp::Caller& caller() const override { return caller_; }

  void notify(mcp::Message) override {}

  mcp::Task<mcp::Result<mcp::Message>> ask(mcp::Message request, mcp::Question&) override {
    const json params = json::parse(request.raw(request.envelope().params), nullptr, false);
    const json schema = params.value("requestedSchema", json::object());
    const json properties = schema.value("properties", json::object());
    json content = json::object();
    for (const auto& [name, property] : properties.items()) {
      if (property.contains("default")) content[name] = property["default"];
    }
    const json result = {{"action", "accept"}, {"content", content}};
    co_return mcp::Message::result(request.id(), result.dump());
  }

 private:
  mcp::Caller caller_{.id = 1, .principal = "conformance", .capabilities = kCapabilities};
};

/// Calls one tool of those that are listed, as the scenario wants it.
json call_for(const Scenario& scenario, const json& tools) {
  if (scenario.name == "initialize") return nullptr;
  if (scenario.name == "tools_call") return {{"name", "add_numbers"}, {"arguments", {{"a", 5}, {"b", 3}}}};
  json schema;
  std::string first;
  for (const json& tool : tools) {
    if (first.empty()) first = tool.value("name", "");
    if (tool.value("name", "") == "json_schema_2020_12_tool") schema = tool["inputSchema"];
  }
  if (!schema.is_null()) return {{"name", "json_schema_echo"}, {"arguments", {{"schema", schema}}}};
  return first.empty() ? json() : json{{"name", first}, {"arguments", json::object()}};
}

mcp::Task<mcp::Result<>> use_server(std::shared_ptr<mcp::ClientSession> session, const Scenario& scenario) {
  mcp::Cancellation never;
  Accepting context;
  auto opened = co_await session->open();
  if (!opened) co_return opened;
  auto introduction = co_await session->initialize(never);
  if (!introduction) co_return std::unexpected(std::move(introduction.error()));
  auto list = mcp::Message::request("1", "tools/list", "");
  auto listed = co_await session->handle(std::move(list), context);
  if (!listed) co_return std::unexpected(std::move(listed.error()));
  const json result = json::parse(listed->raw(listed->envelope().result), nullptr, false);
  const json wanted = call_for(scenario, result.is_object() ? result.value("tools", json::array()) : json::array());
  if (wanted.is_null()) co_return mcp::Result<>();
  // The suite's servers ask, and answer, on the standing stream that is there when the call comes, and say nothing once it is.
  co_await mcp::sleep_for(kStreamTime);
  auto call = mcp::Message::request("2", "tools/call", wanted.dump());
  auto answer = co_await session->handle(std::move(call), context);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->is_error()) co_return mcp::fail(mcp::ErrorCode::internal, "the call failed: " + std::string(answer->text()));
  co_return mcp::Result<>();
}

mcp::Task<void> run(mcp::Executor executor, Scenario scenario, std::string url, int& status) {
  auto parsed = mcp::Url::parse(url);
  if (!parsed) co_return;
  const auto authorizer = std::make_shared<LoggingIn>(executor, settings_for(scenario, url));
  mcp::StreamableClientOptions transport;
  transport.authorizer = authorizer;
  mcp::ClientSessionOptions options;
  options.client_version = "1.0.0";
  options.capabilities = kCapabilities;
  const auto session = mcp::ClientSession::create(
      executor, mcp::make_streamable_client(executor, std::move(*parsed), std::move(transport)), std::move(options));
  const auto used = co_await use_server(session, scenario);
  if (!used) std::fprintf(stderr, "%s\n", used.error().text().c_str());
  // Where the server speaks a revision that we do not, a login that it takes is as far as we get.
  const bool as_far = scenario.modern && authorizer->logged_in() && !used && !mcp::is_login_reason(used.error().code);
  status = used || as_far ? 0 : 1;
  co_await session->close(kGrace);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int status = 1;
  boost::asio::io_context loop{1};
  boost::asio::co_spawn(
      loop, run(loop.get_executor(), read_scenario(), argv[argc - 1], status), [&loop](const std::exception_ptr&) { loop.stop(); });
  loop.run_for(kTime);
  return status;
}

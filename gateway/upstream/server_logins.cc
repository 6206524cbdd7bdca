#include "gateway/upstream/server_logins.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "gateway/config/text_file.h"
#include "mcp/base/ascii.h"
#include "mcp/base/log.h"
#include "mcp/process/run_command.h"
#include "oauth/bearer_authorizer.h"
#include "oauth/discovering_registrar.h"
#include "oauth/http_client.h"
#include "oauth/login_authorizer.h"
#include "oauth/logins.h"
#include "oauth/machine_authorizer.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxTokenFile = std::size_t{64} << 10;

/// Tells the server's redaction each token that it gives.
class LearningAuthorizer final : public mcp::Authorizer {
 public:
  LearningAuthorizer(std::shared_ptr<mcp::Authorizer> inner, std::weak_ptr<LiveSpec> server)
      : inner_(std::move(inner)), server_(std::move(server)) {}

  bool at_once(Header& header) override {
    const bool known = inner_->at_once(header);
    if (known && header && header != learnt_) learn(header);
    return known;
  }

  Task<Result<Header>> obtain(mcp::Cancellation& cancellation) override {
    auto header = co_await inner_->obtain(cancellation);
    if (header && *header && *header != learnt_) learn(*header);
    co_return header;
  }

  Task<Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override {
    return inner_->refused(std::move(refusal), cancellation);
  }

 private:
  void learn(const Header& header) {
    learnt_ = header;
    const auto server = server_.lock();
    const auto blank = header->find(' ');
    if (server && blank != std::string::npos) server->learn(header->substr(blank + 1));
  }

  std::shared_ptr<mcp::Authorizer> inner_;
  std::weak_ptr<LiveSpec> server_;
  Header learnt_;
};

const HttpSpec& http_of(const LiveSpec& server) {
  return std::get<HttpSpec>(server->transport);
}

bool has_own_header(const HttpSpec& http) {
  return std::ranges::any_of(http.headers,
                             [](const auto& header) { return mcp::equals_ignoring_case(header.first, "authorization"); });
}

std::string origin_of(const BearerSpec& bearer) {
  if (!bearer.variable.empty()) return "the variable " + bearer.variable;
  if (!bearer.file.empty()) return "the file " + bearer.file;
  return "the program " + bearer.command.front();
}

Result<std::string> token_of_file(const std::string& file) {
  auto text = read_text_file(file, kMaxTokenFile);
  if (text) return text;
  const std::string& remedy = text.error().remedy;
  return fail(ErrorCode::credential_refused,
              "bearer.file: " + text.error().message,
              remedy.empty() ? "Write the token into that file, readable by the gateway alone, or name the right one in the entry."
                             : remedy + ".");
}

Result<std::string> token_of_program(const BearerSpec& bearer, const Environment& environment, int stop) {
  StdioSpec program{.command = bearer.command.front()};
  mcp::Command command{.program = bearer.command.front(), .patience = bearer.timeout, .stop = stop};
  command.args.assign(bearer.command.begin() + 1, bearer.command.end());
  command.env = child_environment(program, environment);
  auto output = mcp::run_command(command);
  const std::string name = "the program " + bearer.command.front() + ", which is to give a token,";
  if (!output)
    return fail(ErrorCode::authorization_unavailable, name + " gave none: " + output.error().message, output.error().remedy);
  if (output->exit.code != 0)
    return fail(ErrorCode::authorization_unavailable,
                name + " ended with " + output->exit.text(),
                "Run it by hand; it has to print the token, and to end with status 0.");
  return std::move(output->out);
}

}  // namespace

std::string_view to_string(ServerLogin::Kind kind) {
  switch (kind) {
    case ServerLogin::Kind::none:
      return "none";
    case ServerLogin::Kind::login:
      return "login";
    case ServerLogin::Kind::client:
      return "client";
    case ServerLogin::Kind::token:
      return "token";
    case ServerLogin::Kind::header:
      return "header";
  }
  return "none";
}

ServerLogins::ServerLogins(ServerLoginsOptions options)
    : options_(std::move(options)), stop_(std::make_shared<mcp::UniqueFd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  logins_ = std::make_shared<oauth::Logins>(oauth::LoginsDependencies{.executor = options_.executor,
                                                                      .store = options_.store,
                                                                      .now = [] { return std::chrono::system_clock::now(); },
                                                                      .random = options_.random});
}

ServerLogins::~ServerLogins() = default;

void ServerLogins::listen(std::function<void()> logins_changed, std::function<void()> status_changed) {
  logins_->listen({.logins_changed = std::move(logins_changed), .status_changed = std::move(status_changed)});
}

Task<void> ServerLogins::read() {
  const auto self = shared_from_this();
  const auto unreadable = co_await logins_->read();
  for (const mcp::Error& error : unreadable)
    mcp::log_warn("oauth", "a login cannot be read", {{"cause", error.text()}});
}

std::shared_ptr<oauth::Http> ServerLogins::http_for(const ServerSpec& spec) const {
  const auto& http = std::get<HttpSpec>(spec.transport);
  mcp::HttpClientOptions options = options_.http;
  options.ca_file = http.ca_file;
  return oauth::make_http(
      options_.executor,
      {.server_url = http.url, .private_addresses = http.access.private_addresses, .server_headers = http.headers},
      std::move(options));
}

std::string ServerLogins::login_of(const ServerSpec& spec) const {
  if (!uses_login(spec)) return "";
  const auto& http = std::get<HttpSpec>(spec.transport);
  return logins_->login_of(http.url, http.access.account);
}

ServerAccess ServerLogins::access(const std::shared_ptr<LiveSpec>& server) {
  if (!std::holds_alternative<HttpSpec>((*server)->transport)) return {};
  const HttpSpec& http = http_of(*server);
  ServerAccess access;
  if (http.access.bearer.any()) {
    access = token_access(server);
  } else if (has_own_header(http)) {
    return {.authorizer = nullptr, .status = [] { return ServerLogin{.kind = ServerLogin::Kind::header}; }};
  } else if (http.access.grant == oauth::Grant::client_credentials) {
    access = client_access(server);
  } else if (http.access.login) {
    access = login_access(server);
  } else {
    return {.authorizer = nullptr, .status = [] { return ServerLogin(); }};
  }
  access.authorizer = std::make_shared<LearningAuthorizer>(std::move(access.authorizer), server);
  return access;
}

ServerAccess ServerLogins::login_access(const std::shared_ptr<LiveSpec>& server) {
  const std::weak_ptr<LiveSpec> weak = server;
  // The entry outlives its authorizer, but for a moment at the end.
  const auto settings = [weak, last = login_settings(**server)] {
    const auto live = weak.lock();
    return live ? login_settings(**live) : last;
  };
  oauth::Logins::Reach reach;
  reach.http = http_for(**server);
  reach.registrar = oauth::make_registrar(reach.http, settings);
  auto authorizer = std::make_shared<oauth::LoginAuthorizer>(logins_, std::move(reach), settings);
  const auto status = [logins = logins_, settings] {
    const auto now = settings();
    ServerLogin login{.kind = ServerLogin::Kind::none, .account = now.account};
    const auto known = logins->status(now.server_url, now.account);
    login.logged_in = !logins->login_of(now.server_url, now.account).empty();
    if (login.logged_in) login.kind = ServerLogin::Kind::login;
    if (!known) return login;
    login.subject = known->subject;
    login.issuer = known->key.issuer;
    login.scopes = known->scopes;
    login.wanted = known->wanted;
    login.needs_person = known->needs_person;
    login.expires = known->expires;
    login.refreshed = known->refreshed;
    login.attempted = known->attempted;
    login.next_try = known->next_try;
    if (known->outcome) login.outcome = oauth::to_string(*known->outcome);
    for (const auto& [outcome, count] : known->attempts)
      login.attempts.emplace(oauth::to_string(outcome), count);
    login.trouble = known->trouble;
    login.note = known->note;
    return login;
  };
  return {.authorizer = std::move(authorizer), .status = status};
}

ServerAccess ServerLogins::client_access(const std::shared_ptr<LiveSpec>& server) {
  const std::weak_ptr<LiveSpec> weak = server;
  const auto settings = [weak, last = login_settings(**server)] {
    const auto live = weak.lock();
    return live ? login_settings(**live) : last;
  };
  auto authorizer =
      std::make_shared<oauth::MachineAuthorizer>(oauth::MachineDependencies{.executor = options_.executor,
                                                                            .http = http_for(**server),
                                                                            .now = [] { return std::chrono::system_clock::now(); },
                                                                            .random = options_.random,
                                                                            .client_version = SWITCHYARD_VERSION},
                                                 settings);
  const auto status = [authorizer, settings] {
    ServerLogin login{.kind = ServerLogin::Kind::client, .subject = settings().client_id};
    login.logged_in = authorizer->expires().has_value();
    login.scopes = authorizer->scopes();
    login.expires = authorizer->expires();
    login.next_try = authorizer->next_try();
    login.trouble = authorizer->trouble();
    return login;
  };
  return {.authorizer = authorizer, .status = status};
}

ServerAccess ServerLogins::token_access(const std::shared_ptr<LiveSpec>& server) {
  const BearerSpec bearer = http_of(*server).access.bearer;
  const std::string origin = origin_of(bearer);
  oauth::BearerAuthorizer::Source source = [bearer, environment = options_.environment, stop = stop_]() -> Result<std::string> {
    if (!bearer.variable.empty()) return bearer.token;
    if (!bearer.file.empty()) return token_of_file(bearer.file);
    return token_of_program(bearer, environment, stop->get());
  };
  auto authorizer = std::make_shared<oauth::BearerAuthorizer>(options_.executor, *options_.helpers, origin, std::move(source));
  return {.authorizer = std::move(authorizer),
          .status = [origin] { return ServerLogin{.kind = ServerLogin::Kind::token, .origin = origin, .logged_in = true}; }};
}

Task<void> ServerLogins::close(std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  if (stop_->get() >= 0) ::eventfd_write(stop_->get(), 1);
  co_await logins_->close(grace);
}

}  // namespace gateway

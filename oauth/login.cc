#include "oauth/login.h"

#include <algorithm>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "oauth/client_credentials.h"
#include "oauth/document.h"
#include "oauth/new_credential.h"
#include "oauth/probe.h"
#include "oauth/token_endpoint.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using Kind = AuthorizationResponse::Kind;

constexpr auto kTokenTime = std::chrono::seconds(45);
constexpr auto kVisitTime = std::chrono::seconds(10);
constexpr std::size_t kMaxPasted = std::size_t{64} << 10;

WallTime wall_now() {
  return std::chrono::system_clock::now();
}

/// Without what comes along when an address is copied: blanks, line ends, quotes.
std::string_view pasted_part(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n\"'<>`";
  const auto begin = std::min(text.find_first_not_of(kAround), text.size());
  return text.substr(begin, text.find_last_not_of(kAround) + 1 - begin);
}

bool is_code(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

mcp::Error no_login(const std::string& issuer, const std::string& what) {
  return {ErrorCode::invalid_request,
          "the authorization server " + shown_url(issuer) + " " + what,
          "Log in another way, or tell whoever runs the server.",
          {}};
}

}  // namespace

Login::Login(const mcp::Executor& executor, std::shared_ptr<Http> http, std::shared_ptr<KnownClients> clients, LoginOptions options)
    : executor_(executor), http_(std::move(http)), clients_(std::move(clients)), options_(std::move(options)) {}

Login::~Login() = default;

void Login::cancel() {
  ended_.request({ErrorCode::cancelled, "the login was cancelled.", {}, {}});
}

mcp::Task<mcp::Result<std::optional<Credential>>> Login::run(mcp::Cancellation& cancellation) {
  const mcp::Cancellation::Callback from_caller(cancellation, [this, &cancellation] { ended_.request(cancellation.reason()); });
  auto result = co_await find_and_log_in();
  if (listener_) co_await listener_->close();
  co_return result;
}

mcp::Task<mcp::Result<std::optional<Credential>>> Login::find_and_log_in() {
  ProbedServer server{.asks = true, .challenge = options_.challenge};
  if (server.challenge.empty()) {
    auto probed = co_await probe_server(*http_, options_.settings.server_url, options_.client_version, ended_);
    if (!probed) co_return std::unexpected(std::move(probed.error()));
    server = std::move(*probed);
  }
  const std::optional<BearerChallenge> challenge = find_bearer_challenge(server.challenge);
  auto found = co_await discover_resource(*http_, options_.settings.server_url, challenge, ended_);
  if (!found) co_return std::unexpected(std::move(found.error()));
  discovery_ = std::move(*found);
  // Some let everybody in, and want a login for single requests: those publish where.
  const bool told = !discovery_.resource_metadata.empty() || !options_.settings.authorization_server.empty();
  if (!server.asks && !told && server.status == 403) {
    co_return mcp::fail(
        ErrorCode::http_status,
        shown_url(options_.settings.server_url) + " answers with HTTP status 403, and does not say that a login would change that.",
        "Ask whoever runs it what it wants; a header or a token of its own goes into \"headers\" or \"bearer\".");
  }
  if (!server.asks && !told) co_return std::nullopt;
  const auto published = co_await discover_server(*http_, options_.settings, discovery_, ended_);
  if (!published) co_return std::unexpected(published.error());
  sources_.configured = options_.settings.scopes;
  if (challenge) sources_.challenge = challenge->scopes;
  sources_.resource = discovery_.scopes;
  sources_.server = discovery_.server.scopes_supported;
  sources_.more = options_.more;
  // Without a person there is nobody to be away.
  if (options_.settings.grant == Grant::client_credentials) sources_.server.clear();
  scopes_ = choose_scopes(sources_);
  auto credential = co_await log_in();
  if (!credential) co_return std::unexpected(std::move(credential.error()));
  co_return std::move(*credential);
}

mcp::Task<mcp::Result<Credential>> Login::log_in() {
  if (options_.settings.grant == Grant::authorization_code) co_return co_await with_consent();
  mcp::Error slow{ErrorCode::timeout, shown_url(discovery_.server.token_endpoint) + " did not answer within 45 s.", {}, {}};
  mcp::TimedCancellation limit(executor_, &ended_, mcp::Clock::now() + kTokenTime, std::move(slow));
  auto given = co_await request_client_credentials(*http_, options_.settings, discovery_, scopes_, limit.get());
  if (!given) co_return std::unexpected(std::move(given.error().error));
  co_return std::move(*given);
}

/// Leaves out what the authorization server does not know: first what a request wanted besides, then what nobody but the server
/// itself wants. False where nothing is left to be left out.
bool Login::drop_scopes() {
  const Scopes before = scopes_;
  if (!sources_.more.empty()) {
    sources_.more.clear();
    scopes_ = choose_scopes(sources_);
    if (scopes_ != before) return true;
  }
  if (options_.settings.scopes || scopes_.empty()) return false;
  scopes_.clear();
  return true;
}

/// What can be mended is, once each: a registration that was lost, scopes that are not known there.
mcp::Task<mcp::Result<Credential>> Login::with_consent() {
  for (;;) {
    Tried tried = std::unexpected(Failure{});
    if (options_.device) {
      tried = co_await by_device();
    } else {
      tried = co_await by_browser();
    }
    if (tried) co_return std::move(*tried);
    Failure& failure = tried.error();
    if (ended_.requested()) co_return std::unexpected(ended_.reason());
    if (failure.mend == Failure::Mend::new_client && kept_ && !fresh_) {
      // Until there is another one it stays, for what refuses it may be mistaken.
      fresh_ = true;
    } else if (failure.mend != Failure::Mend::no_scopes || !drop_scopes()) {
      co_return std::unexpected(std::move(failure.error));
    }
  }
}

mcp::Task<Login::Tried> Login::by_browser() {
  const ServerMetadata& server = discovery_.server;
  if (auto safe = check_pkce(server); !safe) co_return std::unexpected(Failure{std::move(safe.error())});
  if (server.authorization_endpoint.empty())
    co_return std::unexpected(Failure{no_login(server.issuer, "has no authorization endpoint.")});
  auto chosen = co_await choose_client(true);
  if (!chosen) co_return std::unexpected(Failure{std::move(chosen.error())});
  pkce_ = make_pkce();
  expected_ = {.state = make_state(), .issuer = server.issuer, .iss_required = server.iss_parameter};
  AuthorizationRequest request;
  request.endpoint = server.authorization_endpoint;
  request.client_id = client_.id;
  request.redirect_uri = client_.redirect_uri;
  request.code_challenge = pkce_.challenge;
  request.state = expected_.state;
  request.resource = discovery_.resource;
  request.scopes = scopes_;
  const std::string address = authorization_url(request);
  bool forgotten = false;
  // A login that is to reach further has just shown that the client is known.
  if (kept_ && options_.more.empty()) forgotten = co_await is_forgotten(address);
  if (ended_.requested()) co_return std::unexpected(Failure{ended_.reason()});
  if (forgotten) {
    mcp::Error unknown{ErrorCode::credential_refused, shown_url(server.issuer) + " does not know the client any more.", {}, {}};
    co_return std::unexpected(Failure{std::move(unknown), Failure::Mend::new_client});
  }
  response_.reset();
  arrived_ = std::make_unique<mcp::Event>(executor_);
  options_.on_url(address);
  auto code = co_await wait_for_code();
  arrived_.reset();
  if (code) co_return co_await redeem(std::move(*code));
  Failure failure{std::move(code.error())};
  const std::string refusal = response_ ? response_->refusal : "";
  if (refusal == "invalid_client" || refusal == "unauthorized_client") failure.mend = Failure::Mend::new_client;
  if (refusal == "invalid_scope") failure.mend = Failure::Mend::no_scopes;
  if (failure.error.code == ErrorCode::timeout && kept_ && options_.forgets_after_silence)
    co_await clients_->forget(discovery_.server.issuer);
  co_return std::unexpected(std::move(failure));
}

/// Whether the authorization server has forgotten the kept client: it would show that to the person alone, without a way back to us
/// (RFC 6749, 4.1.2.1). So it is visited once beforehand, as the browser would. Whatever else it answers decides nothing.
mcp::Task<bool> Login::is_forgotten(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Accept", "text/html"}};
  mcp::Error enough{ErrorCode::timeout, "", {}, {}};
  mcp::TimedCancellation limit(executor_, &ended_, mcp::Clock::now() + kVisitTime, std::move(enough));
  const auto answer = co_await http_->send(std::move(request), limit.get());
  // A challenge is the browser's to answer.
  co_return answer && (answer->status == 400 || (answer->status == 401 && answer->challenge.empty()));
}

mcp::Task<mcp::Result<std::string>> Login::wait_for_code() {
  mcp::Error slow{ErrorCode::timeout,
                  "nobody came back from " + shown_url(discovery_.server.issuer) + " within " +
                      std::to_string(options_.patience.count()) + " s.",
                  "Start the login again.",
                  {}};
  mcp::TimedCancellation limit(executor_, &ended_, mcp::Clock::now() + options_.patience, std::move(slow));
  const mcp::Cancellation::Callback on_end(limit.get(), [this] { arrived_->set(); });
  co_await arrived_->wait();
  if (!response_) co_return std::unexpected(limit.get().reason());
  if (response_->kind == Kind::failed) co_return std::unexpected(response_->error);
  co_return response_->code;
}

void Login::settle(AuthorizationResponse response) {
  response_ = std::move(response);
  arrived_->set();
}

CallbackListener::Page Login::on_callback(std::string_view query) {
  if (response_ || !arrived_) return {400, "This login is over", "You can close this window."};
  AuthorizationResponse response = read_authorization_response(query, expected_);
  const std::string said = response.error.message;
  if (response.kind == Kind::unrelated) return {400, "That is not the end of this login", said + " The login still waits."};
  const bool good = response.kind == Kind::code;
  settle(std::move(response));
  if (good) return {200, "You can close this window", "Switchyard has what it needs to finish the login."};
  return {400, "The login failed", said};
}

std::optional<CallbackListener::Page> Login::come_back(std::string_view query) {
  const bool waits = !response_ && arrived_;
  if (!waits || read_authorization_response(query, expected_).kind == Kind::unrelated) return std::nullopt;
  return on_callback(query);
}

mcp::Result<> Login::paste(std::string_view text) {
  text = pasted_part(text);
  if (response_ || !arrived_) return mcp::fail(ErrorCode::invalid_request, "no login waits for that.");
  AuthorizationResponse response;
  const std::size_t mark = text.find('?');
  if (text.size() > kMaxPasted || (mark == std::string_view::npos && !is_code(text))) {
    return mcp::fail(ErrorCode::invalid_request, "that is no address of a browser, and no code.", "Paste the whole address.");
  }
  if (mark == std::string_view::npos && !text.contains("://") && !text.contains("state=")) {
    if (expected_.iss_required) {
      return mcp::fail(ErrorCode::invalid_request,
                       "a code alone does not say which authorization server it is from.",
                       "Paste the whole address that the browser ended up at.");
    }
    response.kind = Kind::code;
    response.code = text;
  } else {
    const std::string_view query = mark == std::string_view::npos ? text : text.substr(mark + 1);
    response = read_authorization_response(query.substr(0, query.find('#')), expected_);
  }
  // What was copied wrongly, or from elsewhere, is no end: only what the authorization server itself refuses is one.
  const bool useless = response.kind == Kind::unrelated || (response.kind == Kind::failed && response.refusal.empty());
  if (useless) {
    response.error.remedy = "The login still waits: paste the whole address that the browser ended up at.";
    return std::unexpected(std::move(response.error));
  }
  settle(std::move(response));
  return {};
}

mcp::Result<> Login::listen_at(const LoopbackCallback& place) {
  auto judge = [this](std::string_view query) { return on_callback(query); };
  listener_ = std::make_unique<CallbackListener>(executor_, std::move(judge));
  auto open = listener_->open(place);
  if (open) return open;
  listener_.reset();
  if (place.port != 0)
    open.error().remedy += " Or choose another one: \"callbackPort\" or \"callbackUrl\" in the server's \"oauth\".";
  return open;
}

/// Where the browser comes back to. Where that is here, somebody waits for it; elsewhere the address is pasted.
mcp::Result<std::string> Login::open_way_back() {
  const std::string& wanted = options_.settings.callback_url;
  const auto place = wanted.empty() ? LoopbackCallback() : LoopbackCallback::parse(wanted);
  if (!place) return wanted;
  if (!listener_) {
    // Not every authorization server lets the port differ from the one that was registered.
    const auto kept = kept_ && place->port == 0 ? LoopbackCallback::parse(client_.redirect_uri) : std::nullopt;
    const bool same = kept && kept->host == place->host && kept->path == place->path;
    auto open = listen_at(same ? *kept : *place);
    if (!open && same) open = listen_at(*place);
    if (!open && options_.pasted && place->port != 0) return wanted;
    if (!open) return std::unexpected(std::move(open).error());
  }
  return listener_->redirect_uri();
}

mcp::Task<mcp::Result<>> Login::choose_client(bool comes_back) {
  const ServerMetadata& server = discovery_.server;
  auto client = configured_client(options_.settings, server);
  if (!client) co_return std::unexpected(std::move(client.error()));
  kept_ = false;
  if (!*client) client = document_client(options_.settings, server);
  if (!client) co_return std::unexpected(std::move(client.error()));
  Scopes to_register = scopes_;
  if (!*client && !fresh_) {
    auto known = co_await clients_->find(server.issuer);
    kept_ = known && known->source == ClientSource::dynamic && !known->id.empty() && !secret_is_over(*known, wall_now());
    // An authorization server may refuse a client what it was not registered for; another server's login may have registered it.
    if (kept_) to_register = unite_scopes(known->scopes, scopes_);
    kept_ = kept_ && to_register.size() == known->scopes.size();
    if (kept_) client_ = std::move(*known);
  }
  mcp::Result<std::string> redirect = std::string(kLoopbackRedirect);
  if (comes_back) {
    redirect = open_way_back();
    if (!redirect) co_return std::unexpected(std::move(redirect).error());
    kept_ = kept_ && client_.redirect_uri == *redirect;
  }
  if (kept_) co_return mcp::Result<>();
  if (!*client) {
    Registration registration{.redirect_uri = *redirect, .scopes = std::move(to_register), .device = options_.device};
    auto registered = co_await register_client(*http_, server, std::move(registration), ended_);
    if (!registered) co_return std::unexpected(std::move(registered.error()));
    Client copy = *registered;
    co_await clients_->keep(server.issuer, std::move(copy));
    *client = std::move(*registered);
  }
  client_ = std::move(**client);
  client_.redirect_uri = std::move(*redirect);
  co_return mcp::Result<>();
}

TokenRequest Login::token_request() const {
  TokenRequest request;
  request.endpoint = discovery_.server.token_endpoint;
  request.client = client_;
  request.private_key = options_.settings.private_key;
  request.audience = discovery_.server.issuer;
  return request;
}

Login::Failure Login::judge(TokenError error) const {
  Failure failure{std::move(error.error)};
  // Nobody does so by itself: this ends.
  const bool passing = failure.error.code == ErrorCode::authorization_unavailable;
  if (passing)
    failure.error.remedy = "Try again in a moment; where that does not help, tell whoever runs the authorization server.";
  if (failure.error.code == ErrorCode::credential_refused && client_.source != ClientSource::configured)
    failure.error.remedy = "Nothing of that is configured here: tell whoever runs the authorization server, or log in another way.";
  // It may have been registered without that grant.
  if (options_.device && kept_ && error.code == "invalid_request") failure.mend = Failure::Mend::new_client;
  const bool unknown = error.failure == TokenFailure::client_unknown || error.code == "unauthorized_client";
  if (unknown) failure.mend = Failure::Mend::new_client;
  if (error.code == "invalid_scope") failure.mend = Failure::Mend::no_scopes;
  return failure;
}

mcp::Task<Login::Tried> Login::redeem(std::string code) {
  TokenRequest request = token_request();
  request.form = {{"grant_type", "authorization_code"},
                  {"code", std::move(code)},
                  {"redirect_uri", client_.redirect_uri},
                  {"code_verifier", pkce_.verifier},
                  {"resource", discovery_.resource}};
  mcp::Error slow{ErrorCode::timeout, shown_url(request.endpoint) + " did not answer within 45 s.", "Start the login again.", {}};
  mcp::TimedCancellation limit(executor_, &ended_, mcp::Clock::now() + kTokenTime, std::move(slow));
  const WallTime now = wall_now();
  auto tokens = co_await request_tokens(*http_, std::move(request), now, limit.get());
  if (!tokens) co_return std::unexpected(judge(std::move(tokens.error())));
  co_return make_credential(options_.settings, discovery_, client_, scopes_, std::move(*tokens), wall_now());
}

mcp::Task<Login::Tried> Login::by_device() {
  const ServerMetadata& server = discovery_.server;
  if (server.device_authorization_endpoint.empty()) {
    co_return std::unexpected(Failure{no_login(server.issuer, "offers no login by a code on another device.")});
  }
  auto chosen = co_await choose_client(false);
  if (!chosen) co_return std::unexpected(Failure{std::move(chosen.error())});
  DeviceRequest request;
  request.tokens = token_request();
  request.device_endpoint = server.device_authorization_endpoint;
  request.resource = discovery_.resource;
  request.scope = join_scopes(scopes_);
  auto on_code = options_.on_code;
  auto tokens = co_await run_device_flow(*http_, std::move(request), std::move(on_code), ended_);
  if (!tokens) co_return std::unexpected(judge(std::move(tokens.error())));
  co_return make_credential(options_.settings, discovery_, client_, scopes_, std::move(*tokens), wall_now());
}

}  // namespace oauth

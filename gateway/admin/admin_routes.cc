#include "gateway/admin/admin_routes.h"

#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <utility>

#include "gateway/admin/admin_views.h"
#include "gateway/admin/explain_view.h"
#include "gateway/admin/openapi.h"
#include "gateway/admin/plan_view.h"
#include "gateway/config/environments.h"
#include "mcp/base/ascii.h"
#include "mcp/base/percent.h"
#include "mcp/json/text.h"
#include "mcp/session/http_access.h"

namespace gateway {

namespace {

// The parameter keeps the HTTP library from compressing JSON, which would cost more than it saves on loopback.
constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kEnvironments = "/api/v1/environments/";
constexpr std::string_view kServer = "/api/v1/servers/";
constexpr std::string_view kLogins = "/api/v1/logins/";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kEvents = "text/event-stream";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";

AdminAnswer text_answer(int status, std::string_view line) {
  return {status, std::string(kText), std::string(line) + "\n"};
}

AdminAnswer error_answer(const mcp::Error& error) {
  const auto status = [&error] {
    switch (error.code) {
      case mcp::ErrorCode::config_invalid:
        return 404;
      case mcp::ErrorCode::timeout:
      case mcp::ErrorCode::shutting_down:
        return 503;
      default:
        return 500;
    }
  };
  return admin_error(status(), mcp::to_string(error.code), error.message, error.remedy);
}

bool authorized(std::string_view header, std::string_view token) {
  static constexpr std::string_view kScheme = "Bearer ";
  if (!mcp::equals_ignoring_case(header.substr(0, kScheme.size()), kScheme) || token.empty()) return false;
  header.remove_prefix(kScheme.size());
  return header.size() == token.size() && CRYPTO_memcmp(header.data(), token.data(), token.size()) == 0;
}

AdminAnswer healthz(const AdminRequest&, AdminSource&) {
  return text_answer(200, "ok");
}

AdminAnswer readyz(const AdminRequest&, AdminSource& source) {
  const auto status = source.status();
  if (!status) return text_answer(503, "not ready: " + status.error().text());
  const std::string missing = missing_text(*status);
  return missing.empty() ? text_answer(200, "ready") : text_answer(503, missing);
}

AdminAnswer front(const AdminRequest&, AdminSource&) {
  return text_answer(
      200, "Switchyard " SWITCHYARD_VERSION ": the admin page comes later; the API is at /api/v1/ (see /api/v1/openapi.json).");
}

AdminAnswer metrics(const AdminRequest&, AdminSource& source) {
  const auto status = source.status();
  if (!status) return error_answer(status.error());
  return {200, std::string(kMetrics), metrics_text(*status, ProcessInfo::of_self())};
}

AdminAnswer servers(const AdminRequest&, AdminSource& source) {
  const auto status = source.status();
  if (!status) return error_answer(status.error());
  return {200, std::string(kJson), servers_json(*status)};
}

AdminAnswer tools(const AdminRequest& request, AdminSource& source) {
  const auto table = source.tools(request.profile);
  if (!table) return error_answer(table.error());
  return {200, std::string(kJson), tools_json(*table, request.server)};
}

AdminAnswer explain(const AdminRequest& request, AdminSource& source) {
  if (request.name.empty()) {
    return admin_error(400, "invalid_request", "the query must say name=NAME: a server's, or a tool's", "");
  }
  const auto answer = source.explain({.name = request.name, .profile = request.profile});
  if (!answer) return error_answer(answer.error());
  return {200, std::string(kJson), explain_json(*answer)};
}

/// What is asked for cannot be done as it is asked for.
AdminAnswer unusable(const mcp::Error& error) {
  const bool file = error.code == mcp::ErrorCode::config_invalid || error.code == mcp::ErrorCode::io_error;
  return file ? admin_error(422, mcp::to_string(error.code), error.message, error.remedy) : error_answer(error);
}

AdminAnswer plan_answer(const mcp::Result<Plan>& plan) {
  if (!plan) return unusable(plan.error());
  return {200, std::string(kJson), plan_json(*plan)};
}

AdminAnswer plan(const AdminRequest& request, AdminSource& source) {
  if (!request.config.empty() && request.config.front() != '/') {
    return admin_error(400, "invalid_request", "\"config\" must be an absolute path", "");
  }
  return plan_answer(source.plan(request.config));
}

AdminAnswer reload(const AdminRequest&, AdminSource& source) {
  return plan_answer(source.reload());
}

AdminAnswer environments(const AdminRequest&, AdminSource& source) {
  const auto status = source.status();
  if (!status) return error_answer(status.error());
  return {200, std::string(kJson), environments_json(status->environments)};
}

AdminAnswer announce(const AdminRequest& request, AdminSource& source) {
  AdminSource::Announcement said{.environment = mcp::percent_decode(request.path.substr(kEnvironments.size()))};
  if (std::string problem = environment_name_problem(said.environment); !problem.empty()) {
    return admin_error(400, "invalid_request", problem, "");
  }
  if (request.method == "PUT") {
    if (request.available != "true" && request.available != "false") {
      return admin_error(400, "invalid_request", "the query must say available=true or available=false", "");
    }
    said.available = request.available == "true";
    said.instance = request.instance;
  }
  return plan_answer(source.announce(said));
}

AdminAnswer login_answer(const mcp::Result<LoginProgress>& progress) {
  if (!progress && progress.error().code == mcp::ErrorCode::invalid_request)
    return admin_error(400, "invalid_request", progress.error().message, progress.error().remedy);
  if (!progress) return error_answer(progress.error());
  return {200, std::string(kJson), login_progress_json(*progress)};
}

/// /api/v1/servers/NAME/login
AdminAnswer server_login(const AdminRequest& request, AdminSource& source) {
  static constexpr std::string_view kLogin = "/login";
  std::string_view name = std::string_view(request.path).substr(kServer.size());
  if (!name.ends_with(kLogin) || name.size() == kLogin.size())
    return admin_error(404, "not_found", "nothing is served at " + request.path.substr(0, 200), "See /api/v1/openapi.json.");
  name.remove_suffix(kLogin.size());
  const std::string server = mcp::percent_decode(name);
  if (request.method == "DELETE") {
    const auto report = source.log_out(server, request.account);
    if (!report) return error_answer(report.error());
    return {200, std::string(kJson), logout_json(*report)};
  }
  if (!request.device.empty() && request.device != "true" && request.device != "false")
    return admin_error(400, "invalid_request", "device is true or false, not " + quoted(request.device.substr(0, 80)), "");
  LoginQuestion question{.action = LoginQuestion::Action::start, .server = server, .device = request.device == "true"};
  if (!request.account.empty()) question.account = request.account;
  return login_answer(source.login(question));
}

/// /api/v1/logins/ID
AdminAnswer one_login(const AdminRequest& request, AdminSource& source) {
  LoginQuestion question{.id = request.path.substr(kLogins.size())};
  if (request.method == "DELETE") question.action = LoginQuestion::Action::cancel;
  if (request.method == "POST") {
    if (request.response.empty())
      return admin_error(400, "invalid_request", "the query must say response=URL: the address that the browser ended up at", "");
    question.action = LoginQuestion::Action::paste;
    question.response = request.response;
  }
  return login_answer(source.login(question));
}

/// /api/v1/logins
AdminAnswer read_logins(const AdminRequest&, AdminSource& source) {
  const auto uses = source.read_logins();
  if (!uses) return error_answer(uses.error());
  return {200, std::string(kJson), login_uses_json(*uses)};
}

AdminAnswer events(const AdminRequest& request, AdminSource& source) {
  auto stream = EventStream::open(source, request.server, request.last_event_id);
  if (!stream) return error_answer(stream.error());
  return {.content_type = std::string(kEvents), .stream = std::move(*stream)};
}

AdminAnswer openapi(const AdminRequest&, AdminSource&) {
  return {200, std::string(kJson), openapi_json()};
}

struct AdminRoute {
  std::string_view path;  // one that ends in '/' has something behind it, but for the front page
  bool open;              // asks for no token
  AdminAnswer (*answer)(const AdminRequest&, AdminSource&);
  std::string_view methods = "GET, HEAD";

  bool is(std::string_view asked) const {
    return path == asked || (path.size() > 1 && path.ends_with('/') && asked.size() > path.size() && asked.starts_with(path));
  }

  bool takes(std::string_view method) const {
    for (std::string_view rest = methods; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(','));
      if (one == method) return true;
      rest.remove_prefix(std::min(rest.size(), one.size() + 2));
    }
    return false;
  }
};

constexpr std::array kRoutes = {AdminRoute{"/healthz", true, healthz},
                                AdminRoute{"/readyz", true, readyz},
                                AdminRoute{"/", false, front},
                                AdminRoute{"/metrics", false, metrics},
                                AdminRoute{"/api/v1/servers", false, servers},
                                AdminRoute{kServer, false, server_login, "POST, DELETE"},
                                AdminRoute{"/api/v1/logins", false, read_logins, "POST"},
                                AdminRoute{kLogins, false, one_login, "GET, HEAD, POST, DELETE"},
                                AdminRoute{"/api/v1/tools", false, tools},
                                AdminRoute{"/api/v1/explain", false, explain},
                                AdminRoute{"/api/v1/plan", false, plan},
                                AdminRoute{"/api/v1/reload", false, reload, "POST"},
                                AdminRoute{"/api/v1/environments", false, environments},
                                AdminRoute{"/api/v1/events", false, events},
                                AdminRoute{kEnvironments, false, announce, "PUT, DELETE"},
                                AdminRoute{"/api/v1/openapi.json", false, openapi}};

const AdminRoute* find_route(std::string_view path) {
  for (const AdminRoute& route : kRoutes) {
    if (route.is(path)) return &route;
  }
  return nullptr;
}

}  // namespace

AdminAnswer admin_error(int status, std::string_view reason, std::string_view message, std::string_view remedy) {
  std::string body = R"({"error":{"reason":)";
  mcp::append_json_string(body, reason);
  body += R"(,"message":)";
  mcp::append_json_string(body, message);
  if (!remedy.empty()) {
    body += R"(,"remedy":)";
    mcp::append_json_string(body, remedy);
  }
  return {status, std::string(kJson), body + "}}"};
}

AdminAnswer answer_admin(const AdminRequest& request, std::string_view token, AdminSource& source) {
  if (!request.host || request.ambiguous) {
    return admin_error(400, "invalid_request", "a request needs one Host header, and none of its headers twice", "");
  }
  if (const auto access = mcp::check_access(*request.host, request.origin.value_or(""), {}, {}); !access) {
    return admin_error(403, "forbidden", access.error().message, "The admin listener answers on loopback names alone.");
  }
  const AdminRoute* route = find_route(request.path);
  if ((route == nullptr || !route->open) && !authorized(request.authorization, token)) {
    return admin_error(401,
                       "unauthorized",
                       "this needs the gateway's admin token",
                       "Send \"Authorization: Bearer TOKEN\"; the token is in gateway.json of the gateway's state folder.");
  }
  if (route == nullptr) {
    return admin_error(404, "not_found", "nothing is served at " + request.path.substr(0, 200), "See /api/v1/openapi.json.");
  }
  if (!route->takes(request.method)) {
    const std::string methods(route->methods);
    AdminAnswer answer = admin_error(405, "method_not_allowed", "only " + methods + " is answered here", "");
    answer.allow = methods;
    return answer;
  }
  if (request.has_body) return admin_error(413, "too_large", "a request with a body is not answered here", "");
  return route->answer(request, source);
}

}  // namespace gateway

#include "gateway/admin/admin_routes.h"

#include <array>
#include <openssl/crypto.h>

#include "gateway/admin/admin_views.h"
#include "gateway/admin/openapi.h"
#include "mcp/base/ascii.h"
#include "mcp/json/text.h"
#include "mcp/session/http_access.h"

namespace gateway {

namespace {

// The parameter keeps the HTTP library from compressing JSON, which would cost more than it saves on loopback.
constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";
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

AdminAnswer openapi(const AdminRequest&, AdminSource&) {
  return {200, std::string(kJson), openapi_json()};
}

struct AdminRoute {
  std::string_view path;
  bool open;  // asks for no token
  AdminAnswer (*answer)(const AdminRequest&, AdminSource&);
};

constexpr std::array kRoutes = {AdminRoute{"/healthz", true, healthz},
                                AdminRoute{"/readyz", true, readyz},
                                AdminRoute{"/", false, front},
                                AdminRoute{"/metrics", false, metrics},
                                AdminRoute{"/api/v1/servers", false, servers},
                                AdminRoute{"/api/v1/tools", false, tools},
                                AdminRoute{"/api/v1/openapi.json", false, openapi}};

const AdminRoute* find_route(std::string_view path) {
  for (const AdminRoute& route : kRoutes) {
    if (route.path == path) return &route;
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
  if (request.method != "GET" && request.method != "HEAD") {
    return admin_error(405, "method_not_allowed", "only GET is answered here", "");
  }
  if (request.has_body) return admin_error(413, "too_large", "a request with a body is not answered here", "");
  if (route == nullptr) {
    return admin_error(404, "not_found", "nothing is served at " + request.path.substr(0, 200), "See /api/v1/openapi.json.");
  }
  return route->answer(request, source);
}

}  // namespace gateway

#include "oauth/authorization.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <optional>

#include "mcp/base/percent.h"
#include "mcp/base/random.h"
#include "oauth/document.h"
#include "oauth/shown_text.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using Kind = AuthorizationResponse::Kind;

constexpr std::size_t kMaxParameters = 64;
constexpr std::size_t kMaxCode = 8192;
constexpr std::string_view kAgain = "Start the login again.";

std::string decode(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  return mcp::percent_decode(plain);
}

class Parameters {
 public:
  explicit Parameters(std::string_view query) : all_(parse_query(query)) {}

  /// {} where there is none, or more than one: whoever wrote it twice could mean either.
  std::optional<std::string> only(std::string_view name) const {
    std::optional<std::string> value;
    for (const auto& [key, text] : all_) {
      if (key != name) continue;
      if (value) return std::nullopt;
      value = text;
    }
    return value;
  }

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count(all_, name, [](const auto& one) { return std::string_view(one.first); }));
  }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

bool equal_secrets(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

AuthorizationResponse unrelated(std::string message) {
  return {.kind = Kind::unrelated, .code = {}, .refusal = {}, .error = {ErrorCode::invalid_request, std::move(message), {}, {}}};
}

AuthorizationResponse failed(ErrorCode code, std::string message, std::string_view remedy = kAgain) {
  return {.kind = Kind::failed, .code = {}, .refusal = {}, .error = {code, std::move(message), std::string(remedy), {}}};
}

AuthorizationResponse denied(const Parameters& parameters, const ExpectedResponse& expected) {
  const std::vector<std::string_view> secrets = {expected.state};
  const std::string error = shown_text(parameters.only("error").value_or("an error"), secrets);
  std::string message = "the login at " + shown_url(expected.issuer) + " was not granted: " + error;
  const std::string description = shown_text(parameters.only("error_description").value_or(""), secrets);
  if (!description.empty()) message += " (" + description + ")";
  AuthorizationResponse response = failed(ErrorCode::login_required, message + ".");
  response.refusal = error;
  return response;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!query.empty() && all.size() < kMaxParameters) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    all.emplace_back(decode(item.substr(0, equals)), decode(item.substr(std::min(equals + 1, item.size()))));
  }
  return all;
}

std::string make_state() {
  return mcp::random_hex(16);
}

std::string authorization_url(const AuthorizationRequest& request) {
  std::string url = request.endpoint;
  const auto add = [&url](std::string_view name, std::string_view value) {
    const bool first = !url.contains('?');
    if (first || (!url.ends_with('?') && !url.ends_with('&'))) url += first ? '?' : '&';
    url.append(name).append("=").append(mcp::percent_encode(value));
  };
  add("response_type", "code");
  add("client_id", request.client_id);
  add("redirect_uri", request.redirect_uri);
  add("code_challenge", request.code_challenge);
  add("code_challenge_method", "S256");
  add("state", request.state);
  if (!request.resource.empty()) add("resource", request.resource);
  if (!request.scopes.empty()) add("scope", join_scopes(request.scopes));
  if (std::ranges::find(request.scopes, "offline_access") != request.scopes.end()) add("prompt", "consent");
  return url;
}

AuthorizationResponse read_authorization_response(std::string_view query, const ExpectedResponse& expected) {
  const Parameters parameters(query);
  const auto state = parameters.only("state");
  if (!state) return unrelated("the address has no state: it is not the end of a login.");
  if (!equal_secrets(*state, expected.state)) return unrelated("the address belongs to another login.");
  if (parameters.count("error") == 0 && parameters.count("code") == 0)
    return unrelated("the address has neither a code nor an error: it is not the end of the login.");
  const std::string issuer = shown_url(expected.issuer);
  if (parameters.count("iss") > 0 && parameters.only("iss") != expected.issuer) {
    return failed(ErrorCode::invalid_request,
                  "the answer to the login names another authorization server than " + issuer + ": it is not used.",
                  "Start the login again; where that happens once more, tell whoever runs the server.");
  }
  if (parameters.count("iss") == 0 && expected.iss_required) {
    return failed(ErrorCode::invalid_request,
                  "the answer to the login does not say which authorization server it is from, though " + issuer +
                      " says that it always does: it is not used.");
  }
  if (parameters.count("error") > 0) return denied(parameters, expected);
  auto code = parameters.only("code");
  if (!code || code->empty() || code->size() > kMaxCode) return unrelated("the address has no code.");
  return {.kind = Kind::code, .code = std::move(*code), .refusal = {}, .error = {}};
}

}  // namespace oauth

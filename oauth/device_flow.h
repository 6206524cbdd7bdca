#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include "oauth/token_endpoint.h"

namespace oauth {

/// What a person is to do on another device (RFC 8628, 3.3).
struct DevicePrompt {
  std::string verification_uri;
  std::string user_code;
  std::string verification_uri_complete;  // holds the code; "" = none
  std::chrono::seconds lifetime{0};
};

struct DeviceRequest {
  TokenRequest tokens;  // its endpoint, client and what authenticates it; the form is made here
  std::string device_endpoint;
  std::string resource;
  std::string scope;  // "" = none
};

/// Asks for a code, tells `on_code`, and polls until it was used, was refused, or is over (15 minutes at most), at the pace that
/// the authorization server sets. What passes (429, 5xx, the network) is waited out, ever longer.
mcp::Task<std::expected<TokenAnswer, TokenError>> run_device_flow(Http& http,
                                                                  DeviceRequest request,
                                                                  std::function<void(const DevicePrompt&)> on_code,
                                                                  mcp::Cancellation& cancellation);

}  // namespace oauth

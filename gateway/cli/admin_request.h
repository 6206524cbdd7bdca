#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/host/state_file.h"
#include "mcp/base/result.h"

namespace httplib {
class Client;
struct Request;
enum class Error;
}  // namespace httplib

namespace gateway {

// What every request to the admin API of a gateway has in common.

/// `patience`: between two pieces of an answer.
mcp::Result<std::unique_ptr<httplib::Client>> open_admin(const RunningGateway& gateway, std::chrono::milliseconds patience);

/// `target`: a path with its query.
httplib::Request admin_request(const RunningGateway& gateway, const std::string& method, const std::string& target);

/// connect_failed: why no answer came.
mcp::Error no_answer(const RunningGateway& gateway, httplib::Error why);

/// http_status: what the gateway said in place of an answer, its error object in Error::data.
mcp::Error refusal(const RunningGateway& gateway, int status, std::string_view body);

}  // namespace gateway

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/admin/event_stream.h"
#include "gateway/admin/status.h"

namespace gateway {

/// What the admin plane looks at of a request. Its body is nothing any route takes.
struct AdminRequest {
  std::string method;
  std::string path;                         // without the query
  std::optional<std::string> host, origin;  // nothing where the header is absent
  std::string authorization, last_event_id;
  std::string profile, server, config, available, instance, name, account, device, response;  // of the query
  bool has_body = false;
  bool ambiguous = false;  // a header that may come only once came twice
};

struct AdminAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string allow = {};                         // with status 405: what is allowed
  std::shared_ptr<EventStream> stream = nullptr;  // in place of a body: goes on until it or the client ends
};

/// Everything the admin plane answers, but for the way in and out. Any thread; waits for `source`.
AdminAnswer answer_admin(const AdminRequest& request, std::string_view token, AdminSource& source);

/// {"error":{"reason":…,"message":…,"remedy":…}}
AdminAnswer admin_error(int status, std::string_view reason, std::string_view message, std::string_view remedy);

}  // namespace gateway

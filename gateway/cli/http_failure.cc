#include "gateway/cli/http_failure.h"

#include <httplib.h>

namespace gateway {

std::string http_failure(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "connection refused";
    case httplib::Error::ConnectionTimeout:
      return "no connection in time";
    case httplib::Error::Read:
      return "it broke off, or took too long";
    default:
      return httplib::to_string(error);
  }
}

}  // namespace gateway

#pragma once

#include <string>

namespace httplib {
enum class Error;
}

namespace gateway {

/// Why no answer came, as people say it.
std::string http_failure(httplib::Error error);

}  // namespace gateway

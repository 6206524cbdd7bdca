#pragma once

#include <chrono>
#include <string>

#include "oauth/http.h"

namespace oauth {

/// A document that was published, or that none was.
struct Document {
  bool there = false;
  std::string url;  // where it was found at last
  std::string text;
  bool json = false;  // it says that it is JSON, or looks like it: else it is some page that stands for everything that is missing
  int status = 0;     // of the last answer
};

/// Time for a document, redirects included.
inline constexpr std::chrono::seconds kDocumentTime{10};

/// Fetches it. At most 3 redirects are followed, each of which `http` checks like the first URL. Any 4xx but 408, 425 and 429 means
/// that it is not there. Errors: authorization_unavailable (5xx, 429, the network, or out of time: worth another try), not_mcp (a
/// redirect that leads nowhere, another status), too_large, config_invalid (a URL that `http` refuses), or the cancellation's
/// reason. `url` is in every message, without its query.
mcp::Task<mcp::Result<Document>> fetch_document(Http& http, std::string url, mcp::Cancellation& cancellation);

/// "https://as.example/token": no query, no fragment, nothing that could be a secret. At most 200 bytes.
std::string shown_url(std::string_view url);

}  // namespace oauth

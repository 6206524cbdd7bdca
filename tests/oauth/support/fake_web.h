#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "oauth/http.h"

namespace oauth {

/// Pages in memory. What has none is answered with 404.
class FakeWeb : public Http {
 public:
  using Page = std::function<mcp::Result<HttpAnswer>(const HttpRequest&)>;

  mcp::Task<mcp::Result<HttpAnswer>> send(HttpRequest request, mcp::Cancellation& cancellation) override {
    requests.push_back(request);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    const auto page = pages.find(request.url.substr(0, request.url.find('?')));
    if (page == pages.end()) co_return HttpAnswer{.status = 404};
    // A page may change the pages.
    const Page answer = page->second;
    co_return answer(request);
  }

  void put(const std::string& url, Page page) { pages[url] = std::move(page); }

  void put_json(const std::string& url, std::string text, int status = 200) {
    put(url, [text = std::move(text), status](const HttpRequest&) { return json(status, text); });
  }

  void put_error(const std::string& url, mcp::ErrorCode code) {
    put(url, [code](const HttpRequest&) -> mcp::Result<HttpAnswer> { return mcp::fail(code, "it is broken"); });
  }

  static HttpAnswer json(int status, std::string text) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(text);
    answer.content_type = "application/json";
    return answer;
  }

  /// The URLs that were asked, without their queries.
  std::vector<std::string> asked() const {
    std::vector<std::string> urls;
    for (const HttpRequest& request : requests)
      urls.push_back(request.url.substr(0, request.url.find('?')));
    return urls;
  }

  std::vector<HttpRequest> to(std::string_view url) const {
    std::vector<HttpRequest> found;
    for (const HttpRequest& request : requests) {
      if (request.url.substr(0, request.url.find('?')) == url) found.push_back(request);
    }
    return found;
  }

  std::map<std::string, Page> pages;
  std::vector<HttpRequest> requests;
};

}  // namespace oauth

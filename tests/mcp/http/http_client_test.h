#pragma once

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "mcp/http/http_client.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"

namespace mcp {

struct Answer {
  int status = 0;
  std::string type;
  std::string body;
};

/// One request and its whole answer.
inline Task<Result<Answer>> exchange(HttpClient& client, std::string method, std::string body, Cancellation& cancellation) {
  HttpClientRequest request{method, "", {{"Content-Type", "application/json"}}, body};
  auto response = co_await client.send(request, cancellation);
  if (!response) co_return std::unexpected(response.error());
  Answer answer;
  answer.status = (*response)->status();
  answer.type = (*response)->header("content-TYPE");
  auto text = co_await (*response)->read_all(cancellation);
  if (!text) co_return std::unexpected(text.error());
  answer.body = std::move(*text);
  co_return answer;
}

/// The same, the body read piece by piece.
inline Task<Result<Answer>> exchange_in_pieces(HttpClient& client, Cancellation& cancellation) {
  HttpClientRequest request{"GET", "", {}, ""};
  auto response = co_await client.send(request, cancellation);
  if (!response) co_return std::unexpected(response.error());
  Answer answer;
  answer.status = (*response)->status();
  for (;;) {
    auto piece = co_await (*response)->read_some(cancellation);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return answer;
    answer.body += *piece;
  }
}

class HttpClientTest : public testing::Test {
 protected:
  std::shared_ptr<HttpClient> client(const std::string& url) {
    return make_http_client(loop_.get_executor(), Url::parse(url).value(), options_);
  }

  Result<Answer> post(HttpClient& client, std::string body = "{}") {
    return run_task(loop_, exchange(client, "POST", std::move(body), cancellation_));
  }

  Result<Answer> get(HttpClient& client) { return run_task(loop_, exchange_in_pieces(client, cancellation_)); }

  boost::asio::io_context loop_;
  HttpClientOptions options_;
  Cancellation cancellation_;
};

}  // namespace mcp

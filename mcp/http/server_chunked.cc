#include "mcp/http/server_chunked.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace mcp {

namespace beast = boost::beast;
namespace http = boost::beast::http;

class ChunkedDecoder::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(std::size_t max_body) {
    // The real head was parsed elsewhere; this one only brings the parser to the first chunk.
    constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    beast::error_code error;
    put(boost::asio::buffer(kHead), error);
    body_limit(max_body);
  }

  std::string* body = nullptr;

 private:
  void on_request_impl(http::verb /*verb*/,
                       beast::string_view /*method*/,
                       beast::string_view /*target*/,
                       int /*version*/,
                       beast::error_code& /*error*/) override {}

  void on_field_impl(http::field /*field*/,
                     beast::string_view /*name*/,
                     beast::string_view /*value*/,
                     beast::error_code& /*error*/) override {}

  void on_response_impl(int /*code*/, beast::string_view /*reason*/, int /*version*/, beast::error_code& /*error*/) override {}

  void on_header_impl(beast::error_code& /*error*/) override {}

  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, beast::error_code& /*error*/) override {}

  std::size_t on_body_impl(beast::string_view part, beast::error_code& /*error*/) override { return part.size(); }

  void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*extensions*/, beast::error_code& /*error*/) override {}

  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view part, beast::error_code& /*error*/) override {
    body->append(part.data(), part.size());
    return part.size();
  }

  void on_finish_impl(beast::error_code& /*error*/) override {}
};

ChunkedDecoder::ChunkedDecoder(std::size_t max_body) : parser_(std::make_unique<Parser>(max_body)) {}

ChunkedDecoder::~ChunkedDecoder() = default;

ChunkedDecoder::Progress ChunkedDecoder::feed(std::string_view bytes, std::string& body) {
  Progress progress;
  parser_->body = &body;
  while (!progress.done && progress.consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(progress.consumed);
    beast::error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(rest), error);
    progress.consumed += used;
    progress.done = parser_->is_done();
    if (error == http::error::body_limit) {
      progress.refusal = {413, "the body is too large"};
      return progress;
    }
    if (error && error != http::error::need_more) {
      progress.refusal = {400, "malformed chunked body"};
      return progress;
    }
    if (error || used == 0) break;
  }
  return progress;
}

}  // namespace mcp

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/http/server_request.h"

namespace mcp {

/// Takes a chunked body apart (RFC 9112 section 7.1), with Beast's parser. Extensions and trailers are checked and dropped.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(std::size_t max_body);
  ~ChunkedDecoder();
  ChunkedDecoder(const ChunkedDecoder&) = delete;
  ChunkedDecoder& operator=(const ChunkedDecoder&) = delete;

  struct Progress {
    std::size_t consumed = 0;  // bytes that need not be offered again
    bool done = false;         // the body ended with the last consumed byte
    Refusal refusal;
  };

  /// Decodes what it can of `bytes` to the end of `body`. Bytes not consumed are offered again, with more behind them.
  Progress feed(std::string_view bytes, std::string& body);

 private:
  class Parser;

  std::unique_ptr<Parser> parser_;
};

}  // namespace mcp

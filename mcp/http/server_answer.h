#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mcp/http/http_server.h"

namespace mcp {

/// How the end of an answer's body is told to the client.
enum class AnswerLength { known, chunked, until_close };

struct AnswerHead {
  int status = 200;
  std::string_view content_type;
  HttpHeaders headers;
  AnswerLength length = AnswerLength::known;
  std::size_t body_size = 0;  // for AnswerLength::known
  bool close = false;
};

/// Replaces `out` by the head's text. A header whose value could break the head (control characters) is left out.
void write_head(std::string& out, const AnswerHead& head);

/// False for the answers that have no body and no length by definition (1xx, 204, 304).
bool status_has_body(int status);

}  // namespace mcp

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/transport/streamable_connection.h"

namespace mcp {

/// True for that media type, whatever its parameters.
bool has_media_type(std::string_view content_type, std::string_view type);

/// What an answer with a status other than 2xx means: login_required, credential_refused, session_lost, or http_status. `text` is
/// the start of its body, or empty.
Error status_error(const StreamableConnection& connection, const HttpClientResponse& response, std::string_view text);

/// The same, with what the rest of the answer says where that is text. Lets go of the answer.
Task<Error> read_status_error(std::shared_ptr<StreamableConnection> connection,
                              StreamableConnection::Response response,
                              Cancellation& cancellation);

/// "text/html", as the start of what a server says it sent; `nothing` where it says nothing.
std::string shown_type(std::string_view content_type);

/// The answer to the POST of the request with this id where it is JSON and all of it is here, so that nothing has to wait.
std::optional<Result<Message>> answer_at_hand(StreamableConnection& connection, HttpClientResponse& response, std::uint64_t id);

/// Reads the answer to the POST of the request with this id to its end: the response it holds, as JSON or in a stream, or why
/// there is none. Messages that come before it in a stream, or with it in a batch, are delivered.
Task<Result<Message>> read_answer(std::shared_ptr<StreamableConnection> connection,
                                  StreamableConnection::Response response,
                                  std::uint64_t id,
                                  Cancellation& cancellation);

/// Parses `text`, which must be the response to the request with this id.
Result<Message> parse_response(const StreamableConnection& connection, std::string text, std::string_view id);

/// The same for a message already parsed.
Result<Message> check_response(const StreamableConnection& connection, Message message, std::string_view id);

}  // namespace mcp

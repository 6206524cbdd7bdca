#include "mcp/http/proxy_tunnel.h"

#include <string>
#include <string_view>
#include <utility>

#include "mcp/http/client_parser.h"

namespace mcp {
namespace {

constexpr std::size_t kMaxHead = std::size_t{16} << 10;
constexpr std::size_t kPiece = 2048;
constexpr int kMaxInterim = 8;
constexpr int kWantsLogin = 407;

/// "host:443"; the port is always there.
std::string authority(const Url& url) {
  const std::string host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
  return host + ":" + std::to_string(url.port);
}

std::unexpected<Error> failed(const Proxy& proxy, const Url& target, std::string_view why) {
  return fail(ErrorCode::connect_failed,
              "the proxy " + proxy.origin() + ", which leads to " + target.origin() + ", " + std::string(why) + ".",
              "Check that " + proxy.variable + " names an HTTP proxy, and what the proxy's own log says.");
}

Task<Result<>> wait(ClientConnection& connection, IoState want, Cancellation& cancellation) {
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_await connection.wait(want);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_return Result<>();
}

/// The status of the answer whose head this is, once all of it is here; 0 before. What follows on a connection that is open comes
/// from beyond the proxy, where nobody speaks before us.
class AnswerHead {
 public:
  Result<int> take(std::string_view bytes) {
    buffer_ += bytes;
    while (!buffer_.empty()) {
      std::size_t consumed = 0;
      const auto state = parser_.put(buffer_, consumed);
      buffer_.erase(0, consumed);
      if (state == ResponseParser::State::malformed) return fail(ErrorCode::not_mcp, "does not answer in HTTP/1.1");
      const bool large = state == ResponseParser::State::too_large || buffer_.size() > kMaxHead;
      if (large || interim_ > kMaxInterim) return fail(ErrorCode::too_large, "says too much in its answer");
      if (state == ResponseParser::State::need_more) return 0;
      if (!parser_.head_done()) continue;
      if (parser_.status() < 200) {
        ++interim_;
        parser_ = ResponseParser(kMaxHead, true);
        continue;
      }
      const bool open = parser_.status() < 300;
      if (open && !buffer_.empty()) return fail(ErrorCode::not_mcp, "sends more than its answer");
      return parser_.status();
    }
    return 0;
  }

 private:
  ResponseParser parser_{kMaxHead, true};
  std::string buffer_;
  int interim_ = 0;
};

Task<Result<>> write_all(ClientConnection& connection, std::string_view bytes, Cancellation& cancellation) {
  while (!bytes.empty()) {
    const auto written = connection.write(bytes, {});
    if (written.state == IoState::done) {
      bytes.remove_prefix(written.bytes);
    } else if (written.state != IoState::want_write) {
      co_return fail(ErrorCode::connection_lost, "closed the connection");
    } else if (auto waited = co_await wait(connection, written.state, cancellation); !waited) {
      co_return waited;
    }
  }
  co_return Result<>();
}

/// The status that CONNECT is answered with. The Error's message is what the proxy does; it is the cancellation's where that is
/// requested.
Task<Result<int>> ask(ClientConnection& connection, std::string_view head, Cancellation& cancellation) {
  auto written = co_await write_all(connection, head, cancellation);
  if (!written) co_return std::unexpected(std::move(written.error()));
  AnswerHead answer;
  std::string piece(kPiece, '\0');
  for (;;) {
    const auto read = connection.read(piece.data(), piece.size());
    if (read.state == IoState::done) {
      auto status = answer.take(std::string_view(piece).substr(0, read.bytes));
      if (!status || *status != 0) co_return status;
    } else if (read.state != IoState::want_read) {
      co_return fail(ErrorCode::connection_lost, "closed the connection");
    } else if (auto waited = co_await wait(connection, read.state, cancellation); !waited) {
      co_return std::unexpected(std::move(waited.error()));
    }
  }
}

}  // namespace

Error refused_by_proxy(const Proxy& proxy, const Url& target, int status) {
  const std::string code = " (HTTP " + std::to_string(status) + ").";
  if (status == kWantsLogin && proxy.authorization.empty()) {
    return {ErrorCode::connect_failed,
            "the proxy " + proxy.origin() + ", which leads to " + target.origin() + ", wants a user name and a password" + code,
            "Put them into " + proxy.variable + ": http://USER:PASSWORD@HOST:PORT."};
  }
  if (status == kWantsLogin) {
    return {ErrorCode::connect_failed,
            "the proxy " + proxy.origin() + ", which leads to " + target.origin() + ", refuses the user name and the password in " +
                proxy.variable + code,
            "Correct them there."};
  }
  return {ErrorCode::connect_failed,
          "the proxy " + proxy.origin() + " does not lead to " + target.origin() + code,
          "Check \"url\" and the proxy's rules; where " + target.host + " is reached without it, name it in NO_PROXY."};
}

Task<Result<>> open_tunnel(ClientConnection& connection, const Proxy& proxy, const Url& target, Cancellation& cancellation) {
  const std::string place = authority(target);
  std::string head = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\nUser-Agent: switchyard/" SWITCHYARD_VERSION "\r\n";
  if (!proxy.authorization.empty()) head += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  head += "\r\n";
  const Cancellation::Callback on_cancel(cancellation, [&connection] { connection.interrupt(); });
  auto status = co_await ask(connection, head, cancellation);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (!status) co_return failed(proxy, target, status.error().message);
  if (*status >= 300) co_return std::unexpected(refused_by_proxy(proxy, target, *status));
  co_return Result<>();
}

}  // namespace mcp

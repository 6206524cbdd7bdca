#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "mcp/base/log.h"
#include "mcp/http/http_server.h"
#include "mcp/session/streamable_server.h"

/// Any bytes, on one or more connections, get well-formed HTTP answers or the connection's end. The input: connections, one after
/// the other, separated by a line "=====" and all open until the end; where the last line is one, too, the clients end their half
/// before they go, else they are just gone. The place of "SESSION" takes the id of the session that was opened first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace asio = boost::asio;

/// How long a check may take to hold: on a machine under load the kernel brings bytes, resets and free ports a little later.
constexpr auto kGrace = std::chrono::seconds(5);

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The same, once it holds; `again` is done before each further look.
template <class Holds, class Again>
void require_soon(const Holds& holds, const Again& again, const char* what) {
  const auto until = std::chrono::steady_clock::now() + kGrace;
  while (!holds() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    again();
  }
  require(holds(), what);
}

/// Answers at once; "tools/call" after a progress report, so that it is answered as a stream.
class Handler final : public mcp::SessionHandler {
 public:
  void opened(const std::weak_ptr<mcp::ServerSession>&) override {}

  mcp::Task<mcp::Result<mcp::Message>> handle(mcp::Message request, mcp::CallContext& context) override {
    if (request.method() == "initialize") {
      co_return mcp::Message::result(
          request.id(), R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"f","version":"1"}})");
    }
    if (request.method() == "tools/call") {
      context.notify(mcp::Message::notification("notifications/progress", R"({"progressToken":1,"progress":1})"));
    }
    if (request.method() == "fail") co_return mcp::fail(mcp::ErrorCode::invalid_params, "as it was asked for");
    co_return mcp::Message::result(request.id(), "{}");
  }

  void notice(mcp::Message, mcp::CallContext&) override {}
};

/// The server, its loop, and what clients got of it. One for each input.
class Endpoint {
 public:
  Endpoint() {
    mcp::HttpServerOptions options;
    options.max_head = 4096;
    options.max_body = 16384;
    mcp::StreamableServerOptions session_options;
    session_options.max_sessions = 4;
    sessions_ = std::make_unique<mcp::StreamableServer>(
        loop_.get_executor(), session_options, [](std::string_view path) -> mcp::Result<std::shared_ptr<mcp::SessionHandler>> {
          if (path != "/mcp") return mcp::fail(mcp::ErrorCode::invalid_request, "nothing is served there");
          return std::make_shared<Handler>();
        });
    server_ = mcp::make_http_server(
        loop_.get_executor(), options, [this](mcp::HttpExchange& exchange) { return sessions_->handle(exchange); });
    mcp::Result<std::uint16_t> port;
    const auto listen = [&] { port = server_->listen("127.0.0.1", 0); };
    listen();
    require_soon([&] { return port.has_value(); }, listen, "a port is free to listen on");
    port_ = *port;
  }

  ~Endpoint() {
    reset_all();
    sessions_->close();
    asio::co_spawn(loop_, server_->stop(std::chrono::steady_clock::now()), asio::detached);
    settle();
    require_soon([this] { return server_->connections() == 0; }, [this] { settle(); }, "no connection outlives the server");
  }

  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Sends the bytes and takes what comes; the connection stays open.
  void play(std::string bytes) {
    place_session(bytes);
    auto& client = clients_.emplace_back(loop_);
    boost::system::error_code failed;
    const auto connect = [&] {
      client.socket.close(failed);
      client.socket.connect({asio::ip::address_v4::loopback(), port_}, failed);
    };
    connect();
    require_soon([&] { return !failed; }, connect, "the server can be connected to");
    client.socket.non_blocking(true);
    while (!bytes.empty()) {
      const std::size_t sent = client.socket.write_some(asio::buffer(bytes), failed);
      if (failed && failed != asio::error::would_block) break;
      bytes.erase(0, failed ? 0 : sent);
      settle();
      read_all();
    }
    settle();
    read_all();
    if (session_.empty()) session_ = session_in(client.received);
  }

  /// No more comes from the clients.
  void end_input() {
    boost::system::error_code ignored;
    for (auto& client : clients_)
      client.socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    settle();
    read_all();
  }

  void check() {
    const char* wrong = nullptr;
    const auto look = [&] {
      wrong = nullptr;
      for (const auto& client : clients_) {
        if (wrong == nullptr) wrong = wrong_in(client.received);
      }
    };
    const auto again = [&] {
      settle();
      read_all();
      look();
    };
    look();
    require_soon([&] { return wrong == nullptr; }, again, wrong);
  }

 private:
  struct Client {
    explicit Client(asio::io_context& loop) : socket(loop) {}

    asio::ip::tcp::socket socket;
    std::string received;
  };

  /// Runs until nothing is ready. The kernel hands bytes over loopback at once.
  void settle() {
    std::size_t done = 0;
    do {
      loop_.restart();
      done = loop_.poll();
    } while (done > 0);
  }

  void read_all() {
    std::array<char, 16384> buffer{};
    for (auto& client : clients_) {
      for (;;) {
        boost::system::error_code failed;
        const std::size_t count = client.socket.read_some(asio::buffer(buffer), failed);
        client.received.append(buffer.data(), count);
        if (failed || count == 0) break;
        settle();
      }
    }
  }

  /// Thousands of connections a second that end in good manners would leave the system without ports.
  void reset_all() {
    boost::system::error_code ignored;
    for (auto& client : clients_) {
      client.socket.set_option(asio::socket_base::linger(true, 0), ignored);
      client.socket.close(ignored);
    }
    settle();
  }

  static std::string session_in(const std::string& received) {
    static constexpr std::string_view kName = "Mcp-Session-Id: ";
    const std::size_t at = received.find(kName);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + kName.size();
    return received.substr(begin, received.find('\r', begin) - begin);
  }

  void place_session(std::string& bytes) const {
    static constexpr std::string_view kPlace = "SESSION";
    if (session_.empty()) return;
    for (std::size_t at = bytes.find(kPlace); at != std::string::npos; at = bytes.find(kPlace, at + session_.size()))
      bytes.replace(at, kPlace.size(), session_);
  }

  static const char* wrong_in(std::string_view received);

  asio::io_context loop_{1};
  std::unique_ptr<mcp::StreamableServer> sessions_;
  std::unique_ptr<mcp::HttpServer> server_;
  std::uint16_t port_ = 0;
  std::vector<Client> clients_;
  std::string session_;
};

/// The value of a header of the answer, by its name as the server writes it.
std::string_view header_of(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

enum class Chunks { complete, open, wrong };

/// Takes a chunked body off the front; open where it is not at its end: a stream that is still being sent.
Chunks take_chunks(std::string_view& received) {
  for (;;) {
    const std::size_t end = received.find("\r\n");
    if (end == std::string_view::npos) return Chunks::open;
    std::size_t length = 0;
    const auto read = std::from_chars(received.data(), received.data() + end, length, 16);
    if (read.ec != std::errc() || read.ptr != received.data() + end) return Chunks::wrong;
    if (received.size() < end + 2 + length + 2) return Chunks::open;
    if (received.substr(end + 2 + length, 2) != "\r\n") return Chunks::wrong;
    received.remove_prefix(end + 2 + length + 2);
    if (length == 0) return Chunks::complete;
  }
}

/// A whole number and nothing else.
std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What is not as it should be, or null: one HTTP answer after the other and nothing else; the last one may be a stream, or one
/// without a length that the end of the connection ends.
const char* Endpoint::wrong_in(std::string_view received) {
  while (!received.empty()) {
    if (!received.starts_with("HTTP/1.")) return "an answer begins with its status line";
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string_view::npos) return "a head is complete";
    const std::string_view head = received.substr(0, end + 2);
    const auto status = head.size() < 12 ? std::nullopt : number_in(head.substr(9, 3));
    if (!status || *status < 100 || *status >= 600) return "a status is a number of three digits";
    received.remove_prefix(end + 4);
    if (*status == 100) continue;
    if (header_of(head, "Transfer-Encoding: ") == "chunked") {
      const Chunks chunks = take_chunks(received);
      if (chunks == Chunks::complete) continue;
      return chunks == Chunks::open ? nullptr : "a chunk has its length, and its end there";
    }
    const std::string_view text = header_of(head, "Content-Length: ");
    if (text.empty()) {
      if (*status == 204 || *status == 304) continue;
      return head.find("text/event-stream") != std::string_view::npos ? nullptr : "only streams have no length";
    }
    const auto length = number_in(text);
    if (!length) return "a length is a number";
    // An answer to HEAD has the length alone.
    if (*length > 0 && (received.empty() || received.starts_with("HTTP/1."))) continue;
    if (received.size() < *length) return "a body is as long as was said";
    received.remove_prefix(*length);
  }
  return nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kNext = "\n=====\n";
  static constexpr std::string_view kEnd = "\n=====";
  static constexpr std::size_t kMaxConnections = 6;
  static const bool silent = mcp::configure_log(mcp::LogFormat::text, "off").empty();
  require(silent, "the log can be switched off");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const bool ends = rest.ends_with(kEnd);
  if (ends) rest.remove_suffix(kEnd.size());
  Endpoint endpoint;
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    const std::size_t end = rest.find(kNext);
    endpoint.play(std::string(rest.substr(0, end)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kNext.size());
  }
  if (ends) endpoint.end_input();
  endpoint.check();
  return 0;
}

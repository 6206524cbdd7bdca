// http_fault MODE: an MCP server on streamable HTTP that misbehaves in one known way. Says "http://127.0.0.1:PORT/mcp" on a line
// and serves until it is killed. Its sockets are raw, so that it can break every rule of HTTP.
//
// It knows initialize (with a session), ping, tools/list (one tool, `echo`, which returns its argument "text") and tools/call.
// GET /counts says how often which method came: {"initialize":1,"tools/call":2}. Every mode answers what it does not name as `ok`.
//
//   MODE                 a tool call …
//   ok                   is answered
//   hang                 is never answered
//   drip                 is answered a byte at a time
//   drip-for-ever        gets a header that never ends, a byte at a time
//   redirect             is sent to http://elsewhere.example/mcp (307)
//   long-status-line     gets a status line of 1 MiB
//   reset                gets the beginning of an event stream and then a reset
//   length-too-long      gets a Content-Length that is longer than the body, and the end of the connection
//   length-too-short     gets a Content-Length that is shorter than the body
//   length-huge          gets a Content-Length of ten terabytes
//   endless-body         gets a chunked body that never ends
//   stream-end           gets an event stream that ends without the response
//   foreign-id           is answered with another id
//   unauthorized         gets 401
//   unauthorized-always  everything gets 401
//   session-lost         gets 404 in the first session
//   status-500           gets 500 and a text
//   wrong-type           gets a page of HTML
//   close-idle           is answered, and the connection ends at once, though nothing said so
//   close-on-call        is not answered: the connection ends
//   not-http             everything gets bytes that are no HTTP (the alert of a TLS server)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

namespace {

using Json = nlohmann::json;

std::string mode;
std::mutex counts_mutex;
std::map<std::string, int> counts;
std::atomic<int> sessions = 0;

bool is(std::string_view name) {
  return mode == name;
}

void count(const std::string& method) {
  const std::lock_guard lock(counts_mutex);
  ++counts[method];
}

std::string counts_json() {
  const std::lock_guard lock(counts_mutex);
  return Json(counts).dump();
}

struct Request {
  std::string method, path, session, body;
};

/// The value of a header, by its name in lower case.
std::string header_value(const std::string& head, const std::string& name) {
  std::string lower = head;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
  const std::size_t at = lower.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool read(Request& request) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return false;
      if (received_.front() == '\x16') return refuse_tls();
    }
    const std::string head = received_.substr(0, end + 2);
    const std::string length = header_value(head, "content-length");
    const std::size_t size = end + 4 + (length.empty() ? 0 : std::stoul(length));
    while (received_.size() < size) {
      if (!read_more()) return false;
    }
    request.method = head.substr(0, head.find(' '));
    const std::size_t path = request.method.size() + 1;
    request.path = head.substr(path, head.find(' ', path) - path);
    request.session = header_value(head, "mcp-session-id");
    request.body = received_.substr(end + 4, size - end - 4);
    received_.erase(0, size);
    return true;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// One byte at a time, a packet each.
  void drip(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      send(bytes.substr(i, 1));
  }

  /// Sends the last bytes and the end of the connection in one packet.
  void send_and_end(std::string_view bytes) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &kOff, sizeof kOff);
    setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    send(bytes);
    over = true;
  }

  void reset() {
    const linger now = {1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    over = true;
  }

  /// True when the client ended the connection within that time.
  bool client_gone(int milliseconds) {
    pollfd entry{socket_, POLLRDHUP, 0};
    return poll(&entry, 1, milliseconds) == 1;
  }

  bool over = false;

 private:
  static constexpr int kOff = 0;

  bool refuse_tls() {
    send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    return false;
  }

  bool read_more() {
    std::array<char, 65536> buffer;
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string received_;
};

std::string http(int status, const std::string& type, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Words\r\n" + (type.empty() ? "" : "Content-Type: " + type + "\r\n") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

std::string json_answer(const std::string& body, const std::string& more = "") {
  return http(200, "application/json", body, more);
}

std::string rpc(const Json& id, const Json& result) {
  return Json{{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}.dump();
}

struct Call {
  Json message;
  std::string good;  // the body of the right answer
  std::string session;
};

void drip_for_ever(Connection& connection) {
  connection.send("HTTP/1.1 200 OK\r\nX-Slow: ");
  while (!connection.client_gone(10) && connection.send("."))
    ;
}

void endless_body(Connection& connection) {
  connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, '[') + "\r\n";
  while (connection.send(chunk))
    ;
  connection.over = true;
}

using Fault = std::function<void(Connection&, const Call&)>;

const std::string kStreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

const std::map<std::string, Fault> kFaults = {
    {"hang", [](Connection& to, const Call&) { to.client_gone(-1); }},
    {"drip", [](Connection& to, const Call& call) { to.drip(json_answer(call.good)); }},
    {"drip-for-ever", [](Connection& to, const Call&) { drip_for_ever(to); }},
    {"redirect", [](Connection& to, const Call&) { to.send(http(307, "", "", "Location: http://elsewhere.example/mcp\r\n")); }},
    {"long-status-line",
     [](Connection& to, const Call&) { to.send("HTTP/1.1 200 " + std::string(1 << 20, 'a') + "\r\nContent-Length: 0\r\n\r\n"); }},
    {"reset",
     [](Connection& to, const Call&) {
       to.send(kStreamHead + ": wait for it\n\ndata: {\"jsonrpc\"");
       to.reset();
     }},
    {"length-too-long",
     [](Connection& to, const Call& call) {
       to.send_and_end("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(call.good.size() + 10) + "\r\n\r\n" + call.good);
     }},
    {"length-too-short",
     [](Connection& to, const Call& call) {
       to.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(call.good.size() - 10) +
               "\r\n\r\n" + call.good);
     }},
    {"length-huge",
     [](Connection& to, const Call&) {
       to.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10995116277760\r\n\r\n{");
     }},
    {"endless-body", [](Connection& to, const Call&) { endless_body(to); }},
    {"stream-end", [](Connection& to, const Call&) { to.send_and_end(kStreamHead + ": that was it\n\n"); }},
    {"foreign-id", [](Connection& to, const Call&) { to.send(json_answer(rpc(4711, Json::object()))); }},
    {"unauthorized",
     [](Connection& to, const Call&) { to.send(http(401, "text/plain", "who are you?", "WWW-Authenticate: Bearer\r\n")); }},
    {"session-lost",
     [](Connection& to, const Call& call) {
       to.send(call.session == "session-1" ? http(404, "text/plain", "no such session") : json_answer(call.good));
     }},
    {"status-500", [](Connection& to, const Call&) { to.send(http(500, "text/plain", "the database is on fire")); }},
    {"wrong-type", [](Connection& to, const Call&) { to.send(http(200, "text/html", "<html><body>Welcome</body></html>")); }},
    {"close-idle", [](Connection& to, const Call& call) { to.send_and_end(json_answer(call.good)); }},
    {"close-on-call", [](Connection& to, const Call&) { to.over = true; }},
};

void answer_call(Connection& connection, const Call& call) {
  const auto fault = kFaults.find(mode);
  if (fault != kFaults.end()) return fault->second(connection, call);
  connection.send(json_answer(call.good));
}

void answer_message(Connection& connection, const Request& request) {
  const Json message = Json::parse(request.body);
  const std::string method = message.value("method", "");
  count(method);
  if (!message.contains("id")) {
    connection.send(http(202, "", ""));
  } else if (method == "initialize") {
    const Json result = {{"protocolVersion", message.at("params").at("protocolVersion")},
                         {"capabilities", {{"tools", Json::object()}}},
                         {"serverInfo", {{"name", "http_fault"}, {"version", "1"}}}};
    const std::string session = "session-" + std::to_string(++sessions);
    connection.send(json_answer(rpc(message.at("id"), result), "Mcp-Session-Id: " + session + "\r\n"));
  } else if (method == "tools/list") {
    const Json tool = {{"name", "echo"}, {"inputSchema", {{"type", "object"}}}};
    connection.send(json_answer(rpc(message.at("id"), {{"tools", {tool}}})));
  } else if (method == "tools/call") {
    const std::string text = message.at("params").at("arguments").value("text", "");
    const Json result = {{"content", {{{"type", "text"}, {"text", text}}}}};
    const Call call{message, rpc(message.at("id"), result), request.session};
    answer_call(connection, call);
  } else {
    connection.send(json_answer(rpc(message.at("id"), Json::object())));
  }
}

void answer(Connection& connection, const Request& request) {
  if (request.path == "/counts") {
    connection.send(json_answer(counts_json()));
  } else if (is("unauthorized-always")) {
    connection.send(http(401, "text/plain", "who are you?", "WWW-Authenticate: Bearer\r\n"));
  } else if (is("not-http")) {
    connection.send_and_end({"\x15\x03\x01\x00\x02\x02\x46", 7});
  } else if (request.method == "POST") {
    answer_message(connection, request);
  } else {
    connection.send(http(request.method == "DELETE" ? 200 : 405, "", ""));
  }
}

void serve(int socket) {
  Connection connection(socket);
  for (Request request; !connection.over && connection.read(request);)
    answer(connection, request);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  mode = argv[1];
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, size) != 0 || listen(listener, 64) != 0 || getsockname(listener, generic, &size) != 0) return 1;
  printf("http://127.0.0.1:%d/mcp\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return 1;
    std::thread(serve, socket).detach();
  }
}

#include "gateway/admin/admin_server.h"

#include <httplib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/admin/admin_routes.h"
#include "gateway/admin/bounded_socket.h"
#include "gateway/admin/worker_pool.h"
#include "mcp/base/log.h"
#include "mcp/http/url.h"

namespace gateway {

namespace {

constexpr std::size_t kThreads = 8;
constexpr int kBacklog = 256;
constexpr int kReopenDelayMs = 1000;
constexpr auto kSignOfLife = std::chrono::seconds(15);

std::string system_text(int error) {
  return std::generic_category().message(error);
}

/// A BoundedSocket as the HTTP library sees it.
class SocketStream final : public httplib::Stream {
 public:
  explicit SocketStream(BoundedSocket& socket) : socket_(socket) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, size_t size) override { return socket_.read(out, size); }
  ssize_t write(const char* data, size_t size) override { return socket_.write(data, size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_.get(); }

 private:
  BoundedSocket& socket_;
};

/// The HTTP library's server with connections of ours: one request each, every wait bounded, all of them ended by stop_fd. The
/// library alone bounds neither the size nor the time of a head, and waits for idle connections when it stops.
class BoundedHttpServer final : public httplib::Server {
 public:
  explicit BoundedHttpServer(int stop_fd) : stop_fd_(stop_fd) {}

  /// Ends the listener where stop() would come too early. Only from new_task_queue.
  void stop_listening() {
    const socket_t socket = svr_sock_.exchange(INVALID_SOCKET);
    if (socket == INVALID_SOCKET) return;
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
  }

  /// The connection that this thread serves; the library keeps it from those who answer.
  static BoundedSocket& serving() { return *serving_connection; }

 private:
  bool process_and_close_socket(socket_t accepted) override {
    BoundedSocket socket(accepted, stop_fd_, {});
    serving_connection = &socket;
    SocketStream stream(socket);
    bool closed = false;
    return process_request(stream, true, closed, {});
  }

  static inline thread_local BoundedSocket* serving_connection = nullptr;

  const int stop_fd_;
};

/// Hands connections to a pool that outlives the listener.
class PoolQueue final : public httplib::TaskQueue {
 public:
  explicit PoolQueue(WorkerPool& pool) : pool_(pool) {}

  void enqueue(std::function<void()> connection) override { pool_.run(std::move(connection)); }
  void shutdown() override {}

 private:
  WorkerPool& pool_;
};

std::optional<std::string> header(const httplib::Request& request, const char* name) {
  if (!request.has_header(name)) return std::nullopt;
  return request.get_header_value(name);
}

AdminRequest read_request(const httplib::Request& request) {
  const auto twice = [&request](const char* name) { return request.get_header_value_count(name) > 1; };
  return {.method = request.method,
          .path = request.path,
          .host = header(request, "Host"),
          .origin = header(request, "Origin"),
          .authorization = request.get_header_value("Authorization"),
          .last_event_id = request.get_header_value("Last-Event-ID"),
          .profile = request.get_param_value("profile"),
          .server = request.get_param_value("server"),
          .config = request.get_param_value("config"),
          .available = request.get_param_value("available"),
          .instance = request.get_param_value("instance"),
          .name = request.get_param_value("name"),
          .account = request.get_param_value("account"),
          .device = request.get_param_value("device"),
          .response = request.get_param_value("response"),
          .has_body = request.has_header("Transfer-Encoding") || header(request, "Content-Length").value_or("0") != "0",
          .ambiguous = twice("Host") || twice("Origin") || twice("Authorization")};
}

class HttplibAdminServer final : public AdminServer {
 public:
  HttplibAdminServer(std::string host, std::string token, AdminSource& source)
      : host_(std::move(host)),
        token_(std::move(token)),
        source_(source),
        stop_fd_(::eventfd(0, EFD_CLOEXEC)),
        server_(stop_fd_),
        pool_(kThreads) {
    configure();
  }

  ~HttplibAdminServer() override {
    stop();
    ::close(stop_fd_);
  }

  HttplibAdminServer(const HttplibAdminServer&) = delete;
  HttplibAdminServer& operator=(const HttplibAdminServer&) = delete;

  /// Binds, and returns when the listener's thread accepts.
  mcp::Result<> start(const ListenAddress& address) {
    if (!bind(address.port)) {
      return mcp::fail(mcp::ErrorCode::io_error,
                       "the admin listener cannot have " + address.text() + ": " + system_text(errno),
                       "Another program uses the port, perhaps another gateway: choose another with \"admin\" or --admin.");
    }
    auto accepting = accepting_.get_future();
    thread_ = std::thread([this] { listen(); });
    accepting.wait();
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    if (stopping_.exchange(true)) return;
    const std::uint64_t one = 1;
    if (::write(stop_fd_, &one, sizeof one) < 0) mcp::log_error("admin", "cannot wake the connections");
    // The library breaks streams off; this lets them tell what happened last.
    pool_.wait_for_lasting(BoundedSocket::Limits().last_words);
    pool_.hurry();
    server_.stop();
    if (thread_.joinable()) thread_.join();
    pool_.finish();
  }

 private:
  void configure() {
    server_.set_tcp_nodelay(true);
    // Without SO_REUSEPORT, the library's own choice: a second gateway must not get the port.
    server_.set_socket_options([this](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      // A connection waits in the kernel until it says something, instead of in one of our few threads.
      const int seconds = 10;
      ::setsockopt(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
      listener_ = socket;
    });
    server_.new_task_queue = [this] {
      if (stopping_) server_.stop_listening();
      if (!std::exchange(accepted_once_, true)) accepting_.set_value();
      return new PoolQueue(pool_);
    };
    // Everything is answered before the library reads a body or matches a route.
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const AdminAnswer answer = answer_admin(read_request(request), token_, source_);
      respond(answer, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.set_exception_handler([this](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
      respond(admin_error(500, "internal", "the question could not be answered", "See the gateway's log."), response);
    });
  }

  void respond(const AdminAnswer& answer, httplib::Response& response) {
    if (answer.stream && !pool_.begin_lasting()) {
      return respond(admin_error(503, "overloaded", "as many streams are open as there may be", "Close one."), response);
    }
    response.status = answer.status;
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
    if (answer.status == 401) response.set_header("WWW-Authenticate", "Bearer realm=\"switchyard admin\"");
    if (answer.status == 405) response.set_header("Allow", answer.allow);
    if (answer.stream) return send_stream(answer, response);
    response.set_content(answer.body, answer.content_type);
  }

  void send_stream(const AdminAnswer& answer, httplib::Response& response) {
    response.set_chunked_content_provider(
        answer.content_type,
        [this, stream = answer.stream](std::size_t, httplib::DataSink& sink) { return send_next(*stream, sink); },
        [this](bool) { pool_.end_lasting(); });
  }

  /// Sends what there is, or waits for more; false where the client is gone.
  bool send_next(EventStream& stream, httplib::DataSink& sink) {
    // What comes with the end is told, too.
    const bool last = stopping_;
    const auto text = stream.next();
    if (text && !text->empty() && !sink.write(text->data(), text->size())) return false;
    if (last || !text) {
      sink.done();
      return true;
    }
    BoundedSocket& client = BoundedHttpServer::serving();
    if (client.wait_for(stream.fd(), kSignOfLife)) return !client.is_left();
    const std::string_view alive = EventStream::sign_of_life();
    return stopping_ || sink.write(alive.data(), alive.size());
  }

  bool bind(std::uint16_t port) {
    errno = 0;
    if (port == 0) {
      const int chosen = server_.bind_to_any_port(host_);
      if (chosen <= 0) return false;
      port_ = static_cast<std::uint16_t>(chosen);
    } else if (server_.bind_to_port(host_, port)) {
      port_ = port;
    } else {
      return false;
    }
    ::listen(listener_, kBacklog);
    return true;
  }

  /// The library's loop ends when accept() fails for reasons that pass (too many files in the system): then it starts again.
  void listen() {
    server_.listen_after_bind();
    while (!stopping_) {
      const std::string cause = system_text(errno);
      mcp::log_error("admin", "the listener was lost, opening it again", {{"cause", cause}});
      pollfd polled{stop_fd_, POLLIN, 0};
      ::poll(&polled, 1, kReopenDelayMs);
      if (!stopping_ && bind(port_)) server_.listen_after_bind();
    }
  }

  const std::string host_;
  const std::string token_;
  AdminSource& source_;
  const int stop_fd_;
  BoundedHttpServer server_;
  WorkerPool pool_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::promise<void> accepting_;
  bool accepted_once_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

mcp::Result<std::unique_ptr<AdminServer>> start_admin_server(const ListenAddress& address,
                                                             const std::string& token,
                                                             AdminSource& source) {
  if (!mcp::is_loopback_host(address.host)) {
    return mcp::fail(mcp::ErrorCode::io_error,
                     "the admin listener will not open " + address.text() + ", which others can reach",
                     "It answers on loopback alone until it knows users: use 127.0.0.1 or ::1 as \"admin\".");
  }
  auto server = std::make_unique<HttplibAdminServer>(address.host, token, source);
  if (const auto started = server->start(address); !started) return std::unexpected(started.error());
  return server;
}

}  // namespace gateway

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace mcp {

/// A TCP server on 127.0.0.1 whose connections are played by a function, each on a thread of its own: for answers no proper HTTP
/// server would give. Its end closes all connections and waits for the threads.
class ScriptedServer {
 public:
  /// One connection, as the script sees it. Blocking.
  class Peer {
   public:
    Peer(int socket, int number, ssl_st* tls) : socket_(socket), number_(number), tls_(tls) {}

    /// 0 for the first connection the server got, 1 for the next, …
    int number() const { return number_; }

    /// The next request, head and body (by Content-Length); "" when the client is gone.
    std::string request();

    /// Everything that is left until the client closes.
    void wait_for_end();

    /// Sends in pieces of that many bytes; 0 = all at once. False when the client is gone.
    bool send(std::string_view bytes, std::size_t piece = 0);

    /// Plays a proxy: sends `first` to that port of this machine, then whatever comes from either side to the other, until one
    /// ends. Not over TLS.
    void pass_on_to(std::uint16_t port, std::string_view first = {});

    /// Ends our half; the client sees the end of the stream. Over TLS without close_notify.
    void end();

    /// Over TLS: says close_notify.
    void notify_close();

    /// Makes the connection's end a reset.
    void reset();

   private:
    bool read_more();

    int socket_;
    int number_;
    ssl_st* tls_;
    std::string received_;
  };

  using Script = std::function<void(Peer&)>;

  /// `tls` is used for every connection where it is not null; it must outlive the server.
  explicit ScriptedServer(Script script, ssl_ctx_st* tls = nullptr);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }

  /// "http://127.0.0.1:PORT/mcp", or https.
  std::string url() const;

  /// How many connections were accepted.
  int connections() const { return connections_; }

 private:
  void accept();
  void play(int socket, int number);

  Script script_;
  ssl_ctx_st* tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> players_;  // the accepting thread's, then the destructor's
  std::thread acceptor_;
};

/// An HTTP/1.1 answer with a Content-Length.
std::string http_answer(int status, std::string_view content_type, std::string_view body, std::string_view more_headers = {});

/// The same body as one or more chunks of `chunk` bytes.
std::string chunked_answer(int status, std::string_view content_type, std::string_view body, std::size_t chunk);

}  // namespace mcp

// The server over TLS, by real sockets.
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "mcp/http/tls_server.h"
#include "tests/mcp/http/http_server_fixture.h"
#include "tests/support/certificates.h"
#include "tests/support/tls_peer.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using Context = std::shared_ptr<const TlsServerContext>;

constexpr std::string_view kGetSecurely = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpServerTlsTest : public testing::Test {
 protected:
  HttpServerTlsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "switchyard-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }

  ~HttpServerTlsTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name) const { return folder_ / name; }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }

  Result<Context> try_context(const CertificateSpec& spec) {
    const IssuedPem issued = authority_.issue(spec);
    return TlsServerContext::make(write("cert.pem", issued.certificate), write("key.pem", issued.key));
  }

  Context context() { return try_context({"server", "DNS:localhost"}).value(); }

  /// Why these two files cannot be used.
  std::string refusal(const std::string& certificate, const std::string& key) const {
    const auto made = TlsServerContext::make(write("c.pem", certificate), write("k.pem", key));
    return made ? "they can" : made.error().text();
  }

  std::unique_ptr<TlsPeer> peer(const ServerUnderTest& server, const TlsPeer::Options& options = {}) const {
    return std::make_unique<TlsPeer>(server.port(), authority_.pem(), options);
  }

  TestAuthority authority_;
  std::filesystem::path folder_;
};

TEST_F(HttpServerTlsTest, AnswersRequestsOnOneConnection) {
  ServerUnderTest server(echo, {}, context());
  for (const int highest : {0, TLS1_2_VERSION}) {
    const auto client = peer(server, {.alpn = "http/1.1", .highest = highest});
    EXPECT_EQ(client->alpn(), "http/1.1");
    EXPECT_EQ(client->version(), highest == 0 ? "TLSv1.3" : "TLSv1.2");
    for (int i = 0; i < 3; ++i) {
      client->send(kGetSecurely);
      EXPECT_EQ(client->read_response().body, "GET /a ");
    }
    // Both in one record: the second waits decrypted, where the socket does not tell of it.
    client->send(std::string(kGetSecurely) + std::string(kGetSecurely));
    EXPECT_EQ(client->read_response().body, "GET /a ");
    EXPECT_EQ(client->read_response().body, "GET /a ");
  }
}

TEST_F(HttpServerTlsTest, CarriesLargeBodiesBothWaysToASlowReader) {
  ServerUnderTest server(echo, {}, context());
  const auto client = peer(server, {.receive_buffer = 4096});
  std::string body(std::size_t{3} << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 7)
    body[i] = static_cast<char>('a' + i % 23);
  client->send("POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  client->send(body);
  EXPECT_EQ(client->read_response().body, "POST /b " + body);
  client->send(kGetSecurely);
  EXPECT_EQ(client->read_response().body, "GET /a ");
}

TEST_F(HttpServerTlsTest, StreamsAndNoticesThatTheClientGoes) {
  std::promise<void> gone;
  auto gone_future = gone.get_future();
  ServerUnderTest server(
      [&gone](HttpExchange& exchange) -> Task<void> {
        Event end(co_await boost::asio::this_coro::executor);
        exchange.begin_stream();
        exchange.on_stream_end([&end] { end.set(); });
        for (int i = 0; i < 100; ++i)
          exchange.write("data: " + std::string(1000, static_cast<char>('a' + i % 26)) + "\n\n");
        exchange.write("data: last\n\n");
        co_await end.wait();
        gone.set_value();
      },
      {},
      context());
  const auto client = peer(server);
  client->send(kGetSecurely);
  EXPECT_THAT(client->read_until("data: last\n\n"), HasSubstr(std::string(1000, 'c')));
  client->close();
  wait_for(gone_future);
}

TEST_F(HttpServerTlsTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  ServerUnderTest server(echo, {}, context());
  const auto old = peer(server);
  auto next = context();
  server.on_loop([&] { server.server().set_tls(std::move(next)); });
  const auto later = peer(server);
  EXPECT_NE(old->serial(), later->serial());
  for (const auto* client : {&old, &later}) {
    (*client)->send(kGetSecurely);
    EXPECT_EQ((*client)->read_response().status, 200);
  }
}

TEST_F(HttpServerTlsTest, EndsConnectionsInOrder) {
  ServerUnderTest server(echo, {.idle_timeout = std::chrono::milliseconds(20)}, context());
  const auto idle = peer(server), last = peer(server);
  EXPECT_EQ(idle->end(), "close_notify");
  ServerUnderTest other(echo, {}, context());
  const auto closing = peer(other);
  closing->send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(closing->read_response().status, 200);
  EXPECT_EQ(closing->end(), "close_notify");
}

TEST_F(HttpServerTlsTest, SaysThatItSpeaksTlsToWhoDoesNot) {
  ServerUnderTest server(echo, {}, context());
  RawClient plain = server.client();
  plain.send(kGetSecurely);
  const RawResponse answer = plain.read_response();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("https://"));
  RawClient garbage = server.client();
  garbage.send(std::string(100, '\x16'));
  garbage.read_to_end();
  EXPECT_EQ(peer(server)->version(), "TLSv1.3");
}

TEST_F(HttpServerTlsTest, ASlowHandshakeIsCountedAndEnded) {
  ServerUnderTest server(echo, {.max_connections = 2, .head_timeout = std::chrono::milliseconds(50)}, context());
  RawClient silent = server.client(), slow = server.client();
  slow.send("\x16\x03\x01");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(slow.read_to_end(), "");
  const auto client = peer(server);
  client->send(kGetSecurely);
  EXPECT_EQ(client->read_response().status, 200);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpServerTlsTest, ClientsWithNothingInCommonAreRefused) {
  ServerUnderTest server(echo, {}, context());
  EXPECT_THROW(peer(server, {.alpn = "h2"}), std::runtime_error);
  EXPECT_THROW(peer(server, {.highest = TLS1_1_VERSION}), std::runtime_error);
  EXPECT_THROW(peer(server, {.host = "elsewhere.example"}), std::runtime_error);
}

TEST_F(HttpServerTlsTest, AStopLetsARequestFinish) {
  std::promise<void> began;
  auto began_future = began.get_future();
  ServerUnderTest* self = nullptr;
  std::unique_ptr<Event> go;
  ServerUnderTest server(
      [&](HttpExchange& exchange) -> Task<void> {
        began.set_value();
        co_await go->wait();
        exchange.respond(200, "text/plain", "done");
      },
      {},
      context());
  self = &server;
  server.on_loop([&] { go = std::make_unique<Event>(self->executor()); });
  const auto client = peer(server), idle = peer(server);
  client->send(kGetSecurely);
  wait_for(began_future);
  auto stopped = server.stop(std::chrono::seconds(10));
  EXPECT_EQ(idle->end(), "close_notify");
  server.on_loop([&] { go->set(); });
  EXPECT_EQ(client->read_response().body, "done");
  EXPECT_EQ(client->end(), "close_notify");
  wait_for(stopped);
}

TEST_F(HttpServerTlsTest, SaysWhatIsWrongWithItsFiles) {
  const IssuedPem one = authority_.issue({"server", "DNS:localhost"}), other = authority_.issue({"server", "DNS:localhost"});
  EXPECT_EQ(refusal(one.certificate + authority_.pem(), one.key), "they can");
  EXPECT_EQ(refusal(one.key + one.certificate, one.certificate + one.key), "they can");
  EXPECT_THAT(refusal("", one.key), HasSubstr(file("c.pem") + " cannot be used: there is no certificate in PEM form"));
  EXPECT_THAT(refusal("\x30\x82 not PEM", one.key), HasSubstr("there is no certificate in PEM form"));
  EXPECT_THAT(refusal(one.certificate.substr(0, 200), one.key), HasSubstr("cannot be used"));
  EXPECT_THAT(refusal(one.certificate, "nothing"), HasSubstr(file("k.pem") + " cannot be used: there is no private key"));
  EXPECT_THAT(refusal(one.certificate, other.key), HasSubstr("it is not that of the first certificate"));
  EXPECT_THAT(refusal(authority_.pem() + one.certificate, one.key), HasSubstr("the server's own certificate comes first"));
  const auto missing = TlsServerContext::make(file("nowhere.pem"), file("k.pem"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("nowhere.pem cannot be used: No such file or directory"));
  EXPECT_THAT(TlsServerContext::make(folder_.string(), file("k.pem")).error().message, HasSubstr("it is not a file"));
}

TEST_F(HttpServerTlsTest, KnowsWhenItsCertificateEnds) {
  const auto day = std::chrono::hours(24);
  const auto made = try_context({.common_name = "server", .alternative_names = "DNS:localhost", .days = 100});
  ASSERT_TRUE(made);
  const auto left = (*made)->not_after() - std::chrono::system_clock::now();
  EXPECT_GT(left, 99 * day);
  EXPECT_LT(left, 101 * day);
  EXPECT_EQ((*made)->fingerprint().size(), 64u);
}

}  // namespace
}  // namespace mcp

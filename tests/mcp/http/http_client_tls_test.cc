#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/http/http_client.h"
#include "mcp/http/tls_contexts.h"
#include "tests/support/certificates.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"

namespace mcp {
namespace {

using testing::HasSubstr;

Task<Result<std::string>> fetch(HttpClient& client, std::string body, Cancellation& cancellation) {
  HttpClientRequest request{"POST", "", {}, body};
  auto response = co_await client.send(request, cancellation);
  if (!response) co_return std::unexpected(response.error());
  co_return co_await (*response)->read_all(cancellation);
}

class HttpClientTlsTest : public testing::Test {
 protected:
  HttpClientTlsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "switchyard-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.ca_file = folder_ / "ca.pem";
    std::ofstream(options_.ca_file) << authority_.pem();
  }

  ~HttpClientTlsTest() override { std::filesystem::remove_all(folder_); }

  /// Asks a server with that certificate, under that host name.
  Result<std::string> ask(const CertificateSpec& spec, const std::string& host) {
    ScriptedServer server(
        [](ScriptedServer::Peer& peer) {
          while (!peer.request().empty())
            peer.send(http_answer(200, "", "hello"));
        },
        authority_.server(spec));
    auto http = client("https://" + host + ":" + std::to_string(server.port()) + "/");
    return run_task(loop_, fetch(*http, "{}", cancellation_));
  }

  std::shared_ptr<HttpClient> client(const std::string& url) {
    return make_http_client(loop_.get_executor(), Url::parse(url).value(), options_);
  }

  std::filesystem::path folder_;
  TestAuthority authority_;
  boost::asio::io_context loop_;
  HttpClientOptions options_;
  Cancellation cancellation_;
};

TEST_F(HttpClientTlsTest, AcceptsRightNamesAndAddresses) {
  for (const auto& [names, host] :
       {std::pair("DNS:localhost", "localhost"), {"DNS:other,DNS:LocalHost", "localhost"}, {"IP:127.0.0.1", "127.0.0.1"}}) {
    CertificateSpec spec{"irrelevant", names};
    auto answer = ask(spec, host);
    ASSERT_TRUE(answer) << names << ": " << answer.error().text();
    EXPECT_EQ(*answer, "hello");
  }
}

TEST_F(HttpClientTlsTest, RefusesWrongCertificatesAndSaysWhatToDo) {
  struct Case {
    CertificateSpec spec;
    std::string host, why, remedy;
  };
  const Case cases[] = {
      {{"x", "DNS:example.com"}, "localhost", "hostname mismatch", "url"},
      {{"localhost", ""}, "localhost", "hostname mismatch", "url"},
      {{"localhost", "DNS:example.com"}, "localhost", "hostname mismatch", "url"},
      {{"x", "DNS:local*"}, "localhost", "hostname mismatch", "url"},
      {{"x", "DNS:127.0.0.1"}, "127.0.0.1", "IP address mismatch", "url"},
      {{"127.0.0.1", ""}, "127.0.0.1", "IP address mismatch", "url"},
      {{"x", "IP:127.0.0.2"}, "127.0.0.1", "IP address mismatch", "url"},
      {{"x", "DNS:localhost", true}, "localhost", "expired", "clock"},
  };
  for (const auto& [spec, host, why, remedy] : cases) {
    auto answer = ask(spec, host);
    ASSERT_FALSE(answer) << spec.common_name << " " << spec.alternative_names;
    EXPECT_EQ(answer.error().code, ErrorCode::tls_failed);
    EXPECT_THAT(answer.error().message, HasSubstr(host));
    EXPECT_THAT(answer.error().message, HasSubstr(why));
    EXPECT_THAT(answer.error().remedy, HasSubstr(remedy));
  }
}

TEST_F(HttpClientTlsTest, RefusesAnUnknownAuthority) {
  options_.ca_file.clear();
  CertificateSpec spec{"x", "DNS:localhost"};
  auto answer = ask(spec, "localhost");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::tls_failed);
  EXPECT_THAT(answer.error().remedy, HasSubstr("caFile"));
}

TEST_F(HttpClientTlsTest, AnUnreadableAuthorityFileIsNamed) {
  options_.ca_file = folder_ / "missing.pem";
  CertificateSpec spec{"x", "DNS:localhost"};
  auto answer = ask(spec, "localhost");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::tls_failed);
  EXPECT_THAT(answer.error().message, HasSubstr("missing.pem cannot be read: No such file or directory."));
}

TEST_F(HttpClientTlsTest, APortWithoutTlsIsNamedAsSuch) {
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_end();
  });
  auto http = client("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  auto answer = run_task(loop_, fetch(*http, "{}", cancellation_));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::tls_failed);
  EXPECT_THAT(answer.error().remedy, HasSubstr("http://"));
}

TEST_F(HttpClientTlsTest, ASilentServerRunsIntoTheTimeout) {
  options_.connect_timeout = std::chrono::milliseconds(50);
  ScriptedServer server([](ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  auto http = client("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  auto answer = run_task(loop_, fetch(*http, "{}", cancellation_));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
  EXPECT_THAT(answer.error().message, HasSubstr("50 ms"));
}

TEST_F(HttpClientTlsTest, ContextsAreSharedUntilTheirFileChanges) {
  TlsContexts contexts;
  const auto first = contexts.get(options_.ca_file).value();
  EXPECT_TRUE(first->has_authorities());
  EXPECT_EQ(contexts.get(options_.ca_file).value(), first);
  const auto system = contexts.get("").value();
  EXPECT_NE(system, first);
  EXPECT_EQ(contexts.get(options_.ca_file).value(), first);
  const TestAuthority other;
  std::ofstream(options_.ca_file) << authority_.pem() << other.pem();
  EXPECT_NE(contexts.get(options_.ca_file).value(), first);
  EXPECT_EQ(contexts.get(folder_ / "none.pem").error().code, ErrorCode::tls_failed);
}

TEST_F(HttpClientTlsTest, ClientsOfOneProcessShareTheirContext) {
  options_.tls = std::make_shared<TlsContexts>();
  const auto context = options_.tls->get(options_.ca_file).value();
  const auto before = context.use_count();
  const auto one = client("https://127.0.0.1:1/"), two = client("https://127.0.0.1:2/");
  EXPECT_EQ(context.use_count(), before + 2);
  const auto answer = ask({"x", "IP:127.0.0.1"}, "127.0.0.1");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(*answer, "hello");
}

TEST_F(HttpClientTlsTest, ReusesConnectionsAndMovesLargeBodies) {
  const std::string large(3'000'000, 'x');
  ScriptedServer server(
      [](ScriptedServer::Peer& peer) {
        for (;;) {
          auto request = peer.request();
          if (request.empty()) return;
          peer.send(http_answer(200, "", request.substr(request.find("\r\n\r\n") + 4)));
        }
      },
      authority_.server({"x", "IP:127.0.0.1"}));
  auto http = client(server.url());
  for (int i = 0; i < 3; ++i) {
    auto answer = run_task(loop_, fetch(*http, large, cancellation_));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(*answer, large);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTlsTest, BytesAfterAnAnswerAreNeverTheNextAnswer) {
  const std::string large(300'000, 'x');
  ScriptedServer server(
      [&](ScriptedServer::Peer& peer) {
        while (!peer.request().empty())
          peer.send(http_answer(200, "", large) + http_answer(200, "", "smuggled"));
      },
      authority_.server({"x", "IP:127.0.0.1"}));
  auto http = client(server.url());
  for (int i = 0; i < 2; ++i) {
    auto answer = run_task(loop_, fetch(*http, "{}", cancellation_));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(*answer, large);
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTlsTest, ABodyWithoutLengthNeedsAProperEnd) {
  for (bool proper : {true, false}) {
    ScriptedServer server(
        [proper](ScriptedServer::Peer& peer) {
          peer.request();
          peer.send("HTTP/1.1 200 OK\r\n\r\nabc");
          if (proper) peer.notify_close();
        },
        authority_.server({"x", "IP:127.0.0.1"}));
    auto http = client(server.url());
    auto answer = run_task(loop_, fetch(*http, "{}", cancellation_));
    if (proper) {
      ASSERT_TRUE(answer) << answer.error().text();
      EXPECT_EQ(*answer, "abc");
    } else {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, ErrorCode::connection_lost);
    }
  }
}

}  // namespace
}  // namespace mcp

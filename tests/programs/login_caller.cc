// login_caller FOLDER URL MILLISECONDS: one process of several that share a store of credentials. Logs in to the server at URL by
// the login that is there, and calls its tool "echo" again and again until the time is over; keeps the login alive meanwhile. Says
// "ready" once it has a session, and at the end {"calls":…,"failed":[…],"outcomes":{…}}.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/session/client_session.h"
#include "mcp/transport/streamable_client.h"
#include "oauth/discovering_registrar.h"
#include "oauth/file_credential_store.h"
#include "oauth/http_client.h"
#include "oauth/login_authorizer.h"
#include "oauth/logins.h"
#include "oauth/store_access.h"

namespace {

namespace asio = boost::asio;
using mcp::Task;

constexpr auto kPause = std::chrono::milliseconds(20);

struct Caller {
  asio::io_context loop{1};
  asio::thread_pool helpers{1};
  std::string url;
  std::chrono::milliseconds time{0};
  std::shared_ptr<oauth::Logins> logins;
  int calls = 0;
  std::vector<std::string> failed;

  void note(const mcp::Error& error) {
    if (failed.size() < 10) failed.push_back(std::string(to_string(error.code)) + ": " + error.text());
  }

  Task<void> call(mcp::ClientSession& session) {
    mcp::Error late{mcp::ErrorCode::timeout, "no answer"};
    mcp::TimedCancellation limit(loop.get_executor(), nullptr, mcp::Clock::now() + std::chrono::seconds(30), std::move(late));
    const auto answer = co_await session.call("tools/call", R"({"name":"echo","arguments":{"message":"x"}})", limit.get());
    ++calls;
    if (!answer) note(answer.error());
    if (answer && answer->is_error()) failed.emplace_back(answer->text());
  }

  Task<void> run() {
    co_await logins->read();
    auto http = oauth::make_http(loop.get_executor(), {.server_url = url}, {});
    oauth::Logins::Reach reach{.http = http, .registrar = oauth::make_registrar(http, [server = url] {
                                               return oauth::ServerSettings{.server_url = server};
                                             })};
    mcp::StreamableClientOptions options;
    options.authorizer = std::make_shared<oauth::LoginAuthorizer>(
        logins, std::move(reach), [this] { return oauth::ServerSettings{.server_url = url}; });
    auto transport = mcp::make_streamable_client(loop.get_executor(), *mcp::Url::parse(url), std::move(options));
    auto session = mcp::ClientSession::create(loop.get_executor(), transport, {});
    mcp::Cancellation never;
    auto opened = co_await session->open();
    if (!opened) note(opened.error());
    auto known = co_await session->initialize(never);
    if (!known) note(known.error());
    printf("ready\n");
    fflush(stdout);
    const auto end = mcp::Clock::now() + time;
    while (known && mcp::Clock::now() < end) {
      co_await call(*session);
      co_await mcp::sleep_for(kPause);
    }
    mcp::Error over{mcp::ErrorCode::shutting_down, "it is over"};
    co_await session->close(std::chrono::seconds(1), std::move(over));
  }

  Task<void> whole() {
    co_await run();
    nlohmann::json outcomes = nlohmann::json::object();
    const auto status = logins->status(url, "");
    if (status) {
      for (const auto& [outcome, count] : status->attempts)
        outcomes[std::string(oauth::to_string(outcome))] = count;
    }
    co_await logins->close(std::chrono::seconds(5));
    const nlohmann::json report = {{"calls", calls}, {"failed", failed}, {"outcomes", outcomes}};
    printf("%s\n", report.dump().c_str());
    fflush(stdout);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  mcp::configure_log(mcp::LogFormat::text, "error");
  Caller caller;
  caller.url = argv[2];
  caller.time = std::chrono::milliseconds(std::atoi(argv[3]));  // NOLINT(cert-err34-c): a test's own number
  std::shared_ptr<oauth::CredentialStore> store = oauth::open_file_store({.folder = argv[1]});
  caller.logins = std::make_shared<oauth::Logins>(
      oauth::LoginsDependencies{.executor = caller.loop.get_executor(),
                                .store = std::make_shared<oauth::StoreAccess>(store, caller.helpers),
                                .now = [] { return std::chrono::system_clock::now(); },
                                .random = [] { return 0.5; }});
  asio::co_spawn(caller.loop, caller.whole(), [&](const std::exception_ptr&) { caller.loop.stop(); });
  caller.loop.run();
  caller.helpers.join();
  return caller.failed.empty() ? 0 : 1;
}

#include "gateway/upstream/server_logins.h"

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

TEST(ServerLoginsTest, AFileThatHoldsNoTokenIsNamedWithItsKey) {
  const mcp::TempFolder folder;
  boost::asio::io_context loop;
  boost::asio::thread_pool helpers(1);
  const auto logins = std::make_shared<ServerLogins>(ServerLoginsOptions{
      .executor = loop.get_executor(), .store = nullptr, .helpers = &helpers, .environment = {}, .http = {}, .random = {}});
  ServerSpec spec;
  spec.name = ServerName("web");
  spec.transport = HttpSpec{.url = "https://h.test/mcp",
                            .headers = {},
                            .ca_file = "",
                            .access = {.account = "", .bearer = {.file = folder.file("token")}}};
  const auto server = std::make_shared<LiveSpec>(spec);
  const ServerAccess access = logins->access(server);
  mcp::Cancellation cancellation;
  const auto missing = mcp::run_task(loop, access.authorizer->obtain(cancellation));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, mcp::ErrorCode::credential_refused);
  EXPECT_EQ(
      missing.error().text(),
      "bearer.file: " + folder.file("token") +
          ": no such file. Write the token into that file, readable by the gateway alone, or name the right one in the entry.");
  folder.write("token", "tok-123456\n");
  const auto there = mcp::run_task(loop, access.authorizer->obtain(cancellation));
  ASSERT_TRUE(there) << there.error().text();
  EXPECT_EQ(**there, "Bearer tok-123456");
}

}  // namespace
}  // namespace gateway

#include "oauth/stored_clients.h"

#include <boost/asio/thread_pool.hpp>

#include "oauth/store_access.h"
#include "tests/oauth/store_fixture.h"
#include "tests/support/run_task.h"

namespace oauth {
namespace {

using mcp::run_task;

class StoredClientsTest : public StoreTest {
 protected:
  ~StoredClientsTest() override { helpers_.join(); }

  boost::asio::io_context loop_{1};
  boost::asio::thread_pool helpers_{1};
  StoreAccess access_{open(), helpers_};
  const std::shared_ptr<KnownClients> clients_ = make_stored_clients(access_);
};

TEST_F(StoredClientsTest, AClientIsKeptForItsIssuerUntilItIsForgotten) {
  const Client client = sample_credential().client;
  EXPECT_EQ(run_task(loop_, clients_->find("https://as.example")), std::nullopt);
  run_task(loop_, clients_->keep("https://as.example", client));
  EXPECT_EQ(run_task(loop_, clients_->find("https://as.example")), client);
  EXPECT_EQ(run_task(loop_, clients_->find("https://as.example/")), std::nullopt);
  run_task(loop_, clients_->forget("https://as.example"));
  EXPECT_EQ(run_task(loop_, clients_->find("https://as.example")), std::nullopt);
}

}  // namespace
}  // namespace oauth

#include "oauth/stored_clients.h"

#include <utility>

#include "mcp/base/log.h"
#include "oauth/document.h"

namespace oauth {
namespace {

void complain(std::string_view what, const std::string& issuer, const mcp::Error& error) {
  const std::string text = error.text();
  mcp::log_warn("oauth", what, {{"issuer", shown_url(issuer)}, {"error", text}});
}

class StoredClients final : public KnownClients {
 public:
  explicit StoredClients(LoginStore& store) : store_(store) {}

  mcp::Task<std::optional<Client>> find(std::string issuer) override {
    auto found = co_await store_.load_client(issuer);
    if (found) co_return std::move(*found);
    complain("the client of an earlier login cannot be read: another one is registered", issuer, found.error());
    co_return std::nullopt;
  }

  mcp::Task<void> keep(std::string issuer, Client client) override {
    const auto kept = co_await store_.save_client(issuer, std::move(client));
    if (!kept) complain("a client that was registered cannot be kept: the next login registers another one", issuer, kept.error());
  }

  mcp::Task<void> forget(std::string issuer) override {
    const auto gone = co_await store_.remove_client(issuer);
    if (!gone) complain("a client that is not known any more cannot be removed", issuer, gone.error());
  }

 private:
  LoginStore& store_;
};

}  // namespace

std::shared_ptr<KnownClients> make_stored_clients(LoginStore& store) {
  return std::make_shared<StoredClients>(store);
}

}  // namespace oauth

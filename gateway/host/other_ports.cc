#include "gateway/host/other_ports.h"

#include <string>

#include "mcp/base/log.h"

namespace gateway {

void warn_of_other_ports(const Config& wanted, std::uint16_t mcp_port, std::uint16_t admin_port, const GatewayStatus& status) {
  const auto moved = [](const ListenAddress& address, std::uint16_t port) { return address.port != 0 && address.port != port; };
  std::string taken;
  if (moved(wanted.listen, mcp_port)) taken = wanted.listen.text();
  if (moved(wanted.admin, admin_port)) taken += (taken.empty() ? "" : " and ") + wanted.admin.text();
  if (taken.empty()) return;
  mcp::log_warn("host", "cannot have " + taken + "; listening elsewhere", {{"mcp", status.mcp_url}, {"admin", status.admin_url}});
}

}  // namespace gateway

#include "gateway/doctor/doctor.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/doctor/checks.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What is found beside a gateway with this process id.
std::string beside(int pid) {
  const mcp::TempFolder folder;
  const DoctorOptions options{
      .variables = environment_of({{"PATH", "/bin"}}),
      .guardian = folder.file("none"),
      .state_dir = folder.file("state"),
      .place = {.file = folder.write("c.json", "{}"), .chosen_by = "", .passed = {}},
      .gateway = {.running = RunningGateway{.pid = pid, .mcp_url = "", .admin_url = "", .token = "", .config = ""},
                  .status = R"({"gateway":{"version":")" SWITCHYARD_VERSION R"("},"servers":[]})",
                  .other_config = "",
                  .servers = {}},
      .offline = true};
  const auto checks = examine(options);
  EXPECT_TRUE(checks);
  return checks ? shown(*checks) : "";
}

TEST(DoctorTest, WhoseVariablesAreTaken) {
  EXPECT_THAT(beside(::getpid()), HasSubstr("ok environment: variables and PATH are taken as the gateway that runs has them"));
  constexpr int kNobody = 0x7fffffff;  // more than there can be
  EXPECT_THAT(beside(kNobody), HasSubstr("note environment: that of the gateway that runs cannot be read, so variables"));
  EXPECT_THAT(beside(kNobody), Not(HasSubstr("ok environment")));
}

TEST(CountOnceTest, AServerThatFailedAndWhy) {
  const Check at_gateway{CheckGroup::gateway, "a", CheckLevel::error, "failed: no", "Mend it.", true};
  const Check at_server{CheckGroup::servers, "a", CheckLevel::error, "no", "Mend it.", true};
  const auto counted = [](Checks checks) {
    count_once(checks);
    return shown(checks);
  };
  EXPECT_EQ(counted({at_gateway, at_server}),
            "note a: failed: no | See \"Servers\" below. Then run \"switchyard reload\".\nerror a: no | Mend it.\n");
  EXPECT_EQ(counted({at_gateway}), "error a: failed: no | Mend it.\n") << "nothing else tells of it";
  Check of_file = at_server, of_gateway = at_gateway;
  of_file.group = CheckGroup::configuration;
  of_gateway.message = "broken: no";
  EXPECT_EQ(counted({of_file, of_gateway}), "error a: no | Mend it.\nnote a: broken: no | See \"Configuration\" above.\n");
  Check namesake = at_gateway;
  namesake.of_server = false;
  EXPECT_THAT(counted({namesake, at_server}), HasSubstr("error a: failed")) << "is not of the server by that name";
}

}  // namespace
}  // namespace gateway

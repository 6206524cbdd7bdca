#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "gateway/cli/command_set.h"

namespace gateway {

namespace {

Outcome finish_login(Parsed& parsed) {
  if (parsed.login.device && parsed.login.paste) return std::unexpected(Mistake{"login: --device and --paste exclude each other"});
  if (!parsed.login_scopes.empty()) parsed.login.scopes = parsed.login_scopes;
  if (!parsed.login_account.empty()) parsed.login.account = parsed.login_account;
  parsed.login.browser = !parsed.no_browser;
  return parsed.login;
}

Outcome finish_logout(Parsed& parsed) {
  if (!parsed.login_account.empty()) parsed.logout.account = parsed.login_account;
  return parsed.logout;
}

}  // namespace

void define_logins(CommandSet& commands) {
  Parsed& parsed = commands.parsed();
  CLI::App* login = commands.add("login", "Log in to a server that asks for it (OAuth)", "switchyard login linear", finish_login);
  login->add_option("NAME", parsed.login.server, "A server of the configuration that is reached at a URL");
  login->add_flag("--list", parsed.login.list, "Show the logins that there are, also of servers that are not configured any more");
  login->add_flag("--paste", parsed.login.paste, "The browser is on another machine: paste the address that it ends up at");
  login->add_flag("--device", parsed.login.device, "Without a browser here: enter a code on another device");
  login->add_flag("--no-browser", parsed.no_browser, "Print the address, and open nothing");
  login->add_option("--account", parsed.login_account, "Which of several logins to the server this is; a name of your choice")
      ->type_name("NAME");
  login->add_option("--scope", parsed.login_scopes, "Ask for this scope; may be given several times")
      ->type_name("SCOPE")
      ->allow_extra_args(false);
  login->footer("Works beside a running gateway, which uses the login at once, and without one.\n" + login->get_footer());
  CLI::App* logout = commands.add("logout", "End the login to a server, there and here", "switchyard logout linear", finish_logout);
  logout->add_option("NAME", parsed.logout.server, "A server of the configuration, or its URL where it is not there any more")
      ->required();
  logout->add_option("--account", parsed.login_account, "Which of several logins")->type_name("NAME");
}

}  // namespace gateway

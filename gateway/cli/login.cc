#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/streambuf.hpp>
#include <csignal>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "gateway/admin/time_text.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/find_server.h"
#include "gateway/cli/open_browser.h"
#include "gateway/cli/report.h"
#include "gateway/cli/text.h"
#include "gateway/config/jsonc.h"
#include "gateway/host/host_logins.h"
#include "gateway/host/login_session.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;
using nlohmann::ordered_json;

namespace {

void print_json(const CommandContext& context, const ordered_json& json) {
  context.console.out << json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << "\n" << std::flush;
}

/// Tells the person where to go, and opens a browser where there is one.
class Guide {
 public:
  /// `paste`: the browser does not come back by itself.
  Guide(const CommandContext& context, const LoginCommand& command, bool paste)
      : context_(context), command_(command), paste_(paste) {}

  void on_url(const std::string& url) const {
    if (context_.options.json) return print_json(context_, {{"event", "url"}, {"url", url}});
    const Console& console = context_.console;
    const bool opened = command_.browser && !command_.paste && open_browser(url, context_.environment.variables);
    console.out << (opened ? "A browser is being opened. Where none appears, open this address:\n\n"
                           : "Open this address in a browser to log in to " + clean_line(command_.server) + ":\n\n")
                << "  " << url << "\n\n"
                << std::flush;
    report_note(console,
                paste_ ? "paste the address that the browser ends up at, though it shows an error there, and press Enter "
                         "(Ctrl-C ends this)"
                       : "waiting for the browser to come back, 5 minutes at most (Ctrl-C ends this). Where it runs on another "
                         "machine, use --paste");
  }

  void on_code(const oauth::DevicePrompt& prompt) const {
    if (context_.options.json) {
      return print_json(context_,
                        {{"event", "code"},
                         {"verificationUri", prompt.verification_uri},
                         {"userCode", prompt.user_code},
                         {"verificationUriComplete", prompt.verification_uri_complete},
                         {"expiresIn", prompt.lifetime.count()}});
    }
    context_.console.out << "On any device, open " << clean_line(prompt.verification_uri) << "\nand enter the code "
                         << clean_line(prompt.user_code) << "\n\n"
                         << std::flush;
    report_note(context_.console, "waiting until that has been done (Ctrl-C ends this)");
  }

 private:
  const CommandContext& context_;
  const LoginCommand& command_;
  const bool paste_;
};

/// Lines of standard input go to the login until it takes one. What cannot be waited for (a file) is read at once.
class Paster {
 public:
  /// `on_end`: there will be no more lines, and none was taken.
  Paster(asio::io_context& loop, const CommandContext& context, LoginSession& session, std::function<void()> on_end)
      : context_(context), session_(session), on_end_(std::move(on_end)), input_(loop) {}

  void begin() {
    boost::system::error_code error;
    // Whoever shares it with us does not expect it to become non-blocking.
    flags_ = ::fcntl(STDIN_FILENO, F_GETFL);
    input_.assign(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), error);
    if (!error) return read();
    std::string line;
    while (std::getline(context_.console.in, line) && !take(line)) {
    }
  }

  void end() {
    boost::system::error_code ignored;
    input_.close(ignored);
    if (flags_ >= 0) static_cast<void>(::fcntl(STDIN_FILENO, F_SETFL, flags_));
  }

 private:
  void read() {
    asio::async_read_until(input_, buffer_, '\n', [this](boost::system::error_code error, std::size_t size) {
      if (error == asio::error::operation_aborted) return;
      if (error) size = buffer_.size();
      const std::string line(asio::buffers_begin(buffer_.data()),
                             asio::buffers_begin(buffer_.data()) + static_cast<std::ptrdiff_t>(size));
      buffer_.consume(size);
      if (take(line)) return;
      if (error) return on_end_();
      read();
    });
  }

  bool take(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' '))
      line.remove_suffix(1);
    while (line.starts_with(' '))
      line.remove_prefix(1);
    if (line.empty()) return false;
    const auto taken = session_.paste(line);
    if (!taken) report_note(context_.console, taken.error().text());
    return taken.has_value();
  }

  const CommandContext& context_;
  LoginSession& session_;
  std::function<void()> on_end_;
  asio::posix::stream_descriptor input_;
  int flags_ = -1;  // of standard input, as they were
  asio::streambuf buffer_{std::size_t{64} << 10};
};

/// The loop of one command, with the logins of its state folder.
class LoginLoop {
 public:
  explicit LoginLoop(const CommandContext& context)
      : logins_({.executor = loop_.get_executor(), .state_dir = context.state_dir(), .environment = context.environment.variables}),
        signals_(loop_) {}

  asio::io_context& loop() { return loop_; }
  const std::shared_ptr<ServerLogins>& servers() const { return logins_.servers(); }
  mcp::Cancellation& interrupted() { return interrupted_; }

  /// Ctrl-C ends what is under way in good order.
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](boost::system::error_code error, int) {
      if (!error) interrupted_.request({ErrorCode::cancelled, "interrupted; nothing was changed"});
    });
    Result<T> outcome = mcp::fail(ErrorCode::internal, "it did not come to an end");
    asio::co_spawn(loop_, whole(std::move(task)), [&](const std::exception_ptr&, Result<T> result) {
      outcome = std::move(result);
      // What is left are connections that wait for their next use.
      loop_.stop();
    });
    loop_.run();
    return outcome;
  }

 private:
  template <class T>
  Task<Result<T>> whole(Task<Result<T>> task) {
    co_await logins_.start();
    auto outcome = co_await std::move(task);
    co_await logins_.close();
    co_return outcome;
  }

  asio::io_context loop_{1};
  HostLogins logins_;
  asio::signal_set signals_;
  mcp::Cancellation interrupted_;
};

/// What the gateway of this state folder makes of a change in the store, once it has taken it up.
struct Uptake {
  bool running = false;
  std::vector<std::string> users;  // its servers that use the login
  std::string trouble;             // why it has not taken it up; "": it has
};

Uptake tell_gateway(const CommandContext& context, const std::string& login) {
  Uptake uptake;
  const auto running = find_running_gateway(context.state_dir());
  if (!running || !*running) return uptake;
  uptake.running = true;
  const auto answer = ask_admin(**running, "POST", "/api/v1/logins", std::chrono::seconds(30));
  if (!answer) {
    uptake.trouble = answer.error().text();
    return uptake;
  }
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  const auto servers = json.find("servers");
  if (servers == json.end() || !servers->is_array()) return uptake;
  for (const auto& server : *servers) {
    if (!login.empty() && server.value("login", "") == login) uptake.users.push_back(server.value("name", ""));
  }
  return uptake;
}

std::string uptake_text(const Uptake& uptake, const std::string& server) {
  if (!uptake.running) return "";
  if (!uptake.trouble.empty()) return "The running gateway has not taken it up yet: " + uptake.trouble + "\n";
  if (uptake.users.empty()) return "No server of the running gateway uses it.\n";
  if (uptake.users == std::vector{server}) return "The running gateway uses it from now on.\n";
  std::string names;
  for (const std::string& name : uptake.users)
    names += (names.empty() ? "" : ", ") + gateway::quoted(name);
  return "The running gateway uses it from now on, for " + names + ".\n";
}

ordered_json outcome_json(const LoginCommand& command, const LoginOutcome& outcome, const Uptake& uptake) {
  ordered_json json = {{"event", "done"}, {"server", command.server}, {"loginWanted", outcome.wanted}};
  if (!outcome.wanted) return json;
  if (!outcome.account.empty()) json["account"] = outcome.account;
  if (!outcome.subject.empty()) json["subject"] = outcome.subject;
  json["issuer"] = outcome.issuer;
  json["scopes"] = outcome.scopes;
  if (outcome.expires) json["expires"] = rfc3339(*outcome.expires);
  if (!outcome.not_given.empty()) json["scopesNotGiven"] = outcome.not_given;
  json["renewable"] = outcome.renewable;
  json["gatewayRuns"] = uptake.running;
  if (uptake.running) json["usedBy"] = uptake.users;
  return json;
}

std::string outcome_text(const LoginCommand& command, const LoginOutcome& outcome, const Uptake& uptake) {
  if (!outcome.wanted) return gateway::quoted(command.server) + " asks for no login; nothing was changed.\n";
  std::string text = "Logged in to " + gateway::quoted(command.server);
  if (!outcome.subject.empty()) text += " as " + outcome.subject;
  text += " at " + outcome.issuer + (outcome.account.empty() ? "" : ", account " + gateway::quoted(outcome.account)) + ".\n";
  std::string scopes;
  for (const std::string& scope : outcome.scopes)
    scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) text += "Scopes: " + scopes + "\n";
  std::string missing;
  for (const std::string& scope : outcome.not_given)
    missing += (missing.empty() ? "" : " ") + scope;
  if (!missing.empty())
    text += "Not given: " + missing + ". What needs that goes on failing; whoever runs the authorization server can say why.\n";
  if (!outcome.renewable)
    text += "It came without a refresh token: it has to be made again" +
            (outcome.expires ? " at " + rfc3339(*outcome.expires) : std::string(" when the server refuses it")) + ".\n";
  return text + uptake_text(uptake, command.server);
}

}  // namespace

Exit run_login(const CommandContext& context, const LoginCommand& command) {
  if (command.server.empty())
    return report_failure(
        context, {ErrorCode::config_invalid, "which server?", "Run: switchyard login NAME, or --list for those there are."});
  auto spec = find_server(context, command.server);
  if (!spec) return report_failure(context, spec.error());
  const std::string account = command.account.value_or(login_settings(*spec).account);
  const std::string configured = login_settings(*spec).account;
  const bool paste = command.paste || (!command.device && !comes_back_here(*spec));
  LoginLoop loop(context);
  const Guide guide(context, command, paste);
  LoginSession session(loop.loop().get_executor(),
                       loop.servers(),
                       std::move(*spec),
                       {.device = command.device,
                        .pasted = paste,
                        .account = command.account,
                        .scopes = command.scopes,
                        .on_url = [&guide](const std::string& url) { guide.on_url(url); },
                        .on_code = [&guide](const oauth::DevicePrompt& prompt) { guide.on_code(prompt); }});
  Paster paster(loop.loop(), context, session, [&loop] {
    loop.interrupted().request({ErrorCode::cancelled, "standard input has ended, and no address was pasted; nothing was changed"});
  });
  const auto log_in = [&]() -> Task<Result<LoginOutcome>> {
    auto outcome = co_await session.run(loop.interrupted());
    paster.end();
    co_return outcome;
  };
  if (paste) paster.begin();
  const auto outcome = loop.run(log_in());
  if (!outcome) return report_failure(context, outcome.error());
  const Uptake uptake = outcome->wanted ? tell_gateway(context, outcome->login) : Uptake();
  if (context.options.json) {
    print_json(context, outcome_json(command, *outcome, uptake));
  } else {
    context.console.out << clean_text(outcome_text(command, *outcome, uptake));
    if (outcome->wanted && account != configured)
      report_note(context.console,
                  "the entry of " + gateway::quoted(command.server) + " uses " +
                      (configured.empty() ? "the login without an account" : "the account " + gateway::quoted(configured)) +
                      "; to use this one, set \"oauth\": {\"account\": " + gateway::quoted(account) + "}");
  }
  return Exit::done;
}

Exit run_logout(const CommandContext& context, const LogoutCommand& command) {
  auto spec = find_login_server(context, command.server);
  if (!spec) return report_failure(context, spec.error());
  const std::string server = spec->name.str();
  LoginLoop loop(context);
  const auto outcome = loop.run(log_out(loop.servers(), std::move(*spec), command.account, loop.interrupted()));
  if (!outcome) return report_failure(context, outcome.error());
  if (outcome->was_logged_in) tell_gateway(context, "");
  if (context.options.json) {
    ordered_json json = {{"server", server}, {"wasLoggedIn", outcome->was_logged_in}};
    if (!outcome->account.empty()) json["account"] = outcome->account;
    if (outcome->was_logged_in) {
      json["issuer"] = outcome->issuer;
      json["revoked"] = outcome->revoked;
      json["revocation"] = outcome->revocation;
    }
    print_json(context, json);
  } else if (!outcome->was_logged_in) {
    context.console.out << clean_text("Nobody is logged in to " + gateway::quoted(server) +
                                      (outcome->account.empty() ? "" : " under the account " + gateway::quoted(outcome->account)) +
                                      ".\n");
  } else {
    context.console.out << clean_text("Logged out of " + gateway::quoted(server) + ". " + outcome->revocation + "\n");
  }
  return Exit::done;
}

}  // namespace gateway

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/task.h"
#include "mcp/transport/message_pipe.h"
#include "tests/interleaving/dice.h"
#include "tests/interleaving/journal.h"
#include "tests/interleaving/tags.h"

namespace gateway {

/// An upstream that does what a server may do, and some of what it may not, whenever the dice say so; and checks what the gateway
/// sends it.
class ModelServer {
 public:
  using json = nlohmann::json;

  ModelServer(const mcp::Executor& executor, int number, Dice& dice, Journal& journal);

  ServerSpec spec() const;

  mcp::Result<std::shared_ptr<mcp::Transport>> connect();

  /// One thing of all that it could do just now.
  void act();

  /// From here on it only answers.
  void calm_down();
  void answer_all();

  /// Requests that a client can be told apart from the tag of.
  std::size_t answered() const { return answered_; }
  std::size_t asked() const { return asked_; }
  std::size_t questions_answered() const { return questions_answered_; }

 private:
  struct Question {
    QuestionTag tag;
    bool wants_progress = false;
    bool taken_back = false;
    bool answered = false;
  };

  /// One connection of the gateway's: a process of its own, or an HTTP session.
  struct Connection {
    int number = 0;
    std::shared_ptr<mcp::MessagePipe> pipe;
    bool live = true;
    json capabilities = json::object();
    std::map<std::int64_t, json> open;           // requests by id
    std::map<std::int64_t, std::uint64_t> seen;  // ids, and the serial of the client's request or 0
    std::map<std::int64_t, double> progress;     // as reported last
    std::map<std::string, Question> questions;

    bool own() const { return !capabilities.empty(); }
  };

  using Action = void (ModelServer::*)(Connection&);

  void take(const std::shared_ptr<Connection>& connection, const json& message);
  void take_request(Connection& connection, const json& request);
  void take_answer(Connection& connection, const json& response);
  void take_notification(Connection& connection, const json& notification);
  void check_sole_client(const Connection& connection);
  void send(Connection& connection, const json& message);
  void answer(Connection& connection, std::int64_t id);
  json result_for(const json& request) const;
  json page_of(const std::string& method, const json& params) const;
  json list_of(const std::string& method) const;

  void answer_one(Connection& connection);
  void report_progress(Connection& connection);
  void misreport_progress(Connection& connection);
  void log(Connection& connection);
  void ask(Connection& connection);
  void take_back(Connection& connection);
  void tell_update(Connection& connection);
  void change_lists(Connection& connection);
  void babble(Connection& connection);
  void die(Connection& connection);

  std::int64_t any_open(const Connection& connection);
  void wrong(const Connection& connection, const std::string& what);

  const mcp::Executor executor_;
  const int number_;
  Dice& dice_;
  Journal& journal_;
  const std::string version_;
  const bool remote_;  // over HTTP, as far as the gateway knows
  const bool pages_;
  std::vector<std::shared_ptr<Connection>> connections_;
  int made_ = 0;
  std::uint64_t last_question_ = 0;
  bool extra_tool_ = false;
  bool calm_ = false;
  std::size_t answered_ = 0, asked_ = 0, questions_answered_ = 0;
};

/// The tag of the request, where it has one.
std::vector<CallTag> tags_of(const nlohmann::json& request);

}  // namespace gateway

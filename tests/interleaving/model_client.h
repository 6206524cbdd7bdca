#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/interleaving/client_link.h"
#include "tests/interleaving/dice.h"
#include "tests/interleaving/journal.h"
#include "tests/interleaving/tags.h"

namespace gateway {

/// A client that does whatever the dice say, and checks everything that reaches it.
class ModelClient {
 public:
  using json = nlohmann::json;

  /// `server`: at the endpoint of that server alone; 0: at /mcp, with `servers` of them. `next_serial` is of all clients.
  ModelClient(int number, int server, int servers, Dice& dice, Journal& journal, std::uint64_t& next_serial);

  std::shared_ptr<ClientInbox> inbox() { return inbox_; }
  std::string path() const;

  /// Connects and introduces itself.
  void open(std::unique_ptr<ClientLink> link);

  /// One thing of all that it could do just now. `others` may be asked to say something in this one's place.
  void act(const std::vector<std::unique_ptr<ModelClient>>& others);

  /// Reads what has arrived.
  void read();

  void leave();
  bool here() const { return link_ != nullptr && !left_; }

  /// Once it has left: nothing of its is left in the gateway.
  bool over() const { return link_ == nullptr || link_->over(); }

  /// Every request that was not cancelled has been answered.
  void check_answered();

  std::size_t answers() const { return answers_; }
  std::size_t pages() const { return pages_; }

 private:
  struct Request {
    json message;
    std::optional<CallTag> tag;
    double progress = -1e9;
    bool batched = false;
    bool cancelled = false;
    bool answered = false;
    std::vector<std::string> listed;  // of a list: what the pages before had
  };

  struct Question {
    json message;
    bool open = true;
  };

  /// What the client may hear of a resource.
  struct Interest {
    bool subscribed = false;
    bool unclear = false;  // the client itself cannot tell: requests of both kinds were under way at once, or one failed
    int open = 0;          // of both kinds
  };

  using Action = void (ModelClient::*)();

  void say(const json& message);
  json id_for(std::uint64_t serial);
  void request(const std::string& method, json params, std::optional<CallTag> tag = std::nullopt);
  json make_request(const std::string& method, json params, std::optional<CallTag> tag);
  CallTag new_tag();
  std::string shown(const std::string& name, int server) const;
  std::string any_uri();

  void call_tool();
  void get_prompt();
  void read_resource();
  void complete();
  void subscribe();
  void set_level();
  void list();
  void ping();
  void cancel();
  void cancel_bogus();
  void answer_question();
  void progress_question();
  void change_roots();
  void batch();
  void answer_for(ModelClient& other);
  json answer_to(const json& question);

  void take(const json& message);
  void take_answer(const json& response);
  void take_page(const Request& request, const json& result);
  void check_whole(const std::vector<std::string>& tools);
  void settle_interest(const Request& request, bool good);
  void take_question(const json& question);
  void take_notification(const json& notification);
  void take_progress(const json& params);
  void take_log(const json& params);
  void take_update(const json& params);
  void check_own(const json& message);
  bool may_be_asked(const std::string& method) const;
  void wrong(const std::string& what);

  const int number_, server_, servers_;
  Dice& dice_;
  Journal& journal_;
  std::uint64_t& next_serial_;
  const std::string version_;
  const json capabilities_;
  std::shared_ptr<ClientInbox> inbox_ = std::make_shared<ClientInbox>();
  std::unique_ptr<ClientLink> link_;
  bool introduced_ = false, left_ = false;
  std::uint64_t last_id_ = 0;
  std::map<std::string, Request> requests_;  // by the id's text
  std::map<std::string, Question> questions_;
  std::map<std::string, Interest> interests_;
  std::optional<std::size_t> level_;     // as it was set last; {} where that was taken back
  int levels_open_ = 0;                  // requests that set it
  std::size_t answers_ = 0, pages_ = 0;  // pages that were not the last of a list
};

}  // namespace gateway

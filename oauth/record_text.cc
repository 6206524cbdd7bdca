#include "oauth/record_text.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "oauth/client_authentication.h"

namespace oauth {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kLatest = 9'000'000'000'000;  // ms: a WallTime, in nanoseconds, ends in the year 2262

constexpr std::array<std::pair<ClientSource, std::string_view>, 3> kSources = {
    {{ClientSource::configured, "configured"},
     {ClientSource::metadata_document, "metadata_document"},
     {ClientSource::dynamic, "dynamic"}}};

std::string_view word_for(ClientSource source) {
  for (const auto& [each, word] : kSources) {
    if (each == source) return word;
  }
  return "";
}

Json time_value(const std::optional<WallTime>& time) {
  return time ? Json(std::chrono::floor<milliseconds>(time->time_since_epoch()).count()) : Json(nullptr);
}

Json client_value(const Client& client) {
  return {{"source", word_for(client.source)},
          {"id", client.id},
          {"secret", client.secret},
          {"authentication", to_string(client.authentication)},
          {"redirectUri", client.redirect_uri},
          {"secretExpires", time_value(client.secret_expires)},
          {"scopes", client.scopes}};
}

std::expected<std::string, RecordFailure> text_of(Json record) {
  record["version"] = kVersion;
  try {
    return record.dump();
  } catch (const Json::type_error&) {
    return std::unexpected(RecordFailure::not_text);
  }
}

/// Takes members out of an object; all of them have to be there and of their kind.
class Members {
 public:
  explicit Members(const Json& object) : object_(object), sound_(object.is_object()) {}

  bool sound() const { return sound_; }

  const Json& value(const char* name) {
    static const Json kNone;
    const auto found = sound_ ? object_.find(name) : object_.end();
    if (sound_ && found != object_.end()) return *found;
    sound_ = false;
    return kNone;
  }

  std::string text(const char* name) {
    const Json& member = value(name);
    if (member.is_string()) return member.get_ref<const std::string&>();
    sound_ = false;
    return {};
  }

  std::optional<WallTime> time(const char* name) {
    const Json& member = value(name);
    if (member.is_null()) return std::nullopt;
    const auto count = member.is_number_integer() ? member.get<std::int64_t>() : kLatest + 1;
    if (count >= -kLatest && count <= kLatest) return WallTime(milliseconds(count));
    sound_ = false;
    return std::nullopt;
  }

  std::uint64_t number(const char* name) {
    const Json& member = value(name);
    if (member.is_number_unsigned()) return member.get<std::uint64_t>();
    sound_ = false;
    return 0;
  }

  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> all;
    const Json& member = value(name);
    sound_ = sound_ && member.is_array();
    if (!sound_) return all;
    all.reserve(member.size());
    for (const Json& each : member) {
      sound_ = sound_ && each.is_string();
      if (sound_) all.push_back(each.get_ref<const std::string&>());
    }
    return all;
  }

  Client client(const char* name) {
    Members members(value(name));
    Client client;
    const std::string source = members.text("source");
    client.id = members.text("id");
    client.secret = members.text("secret");
    const auto authentication = parse_client_authentication(members.text("authentication"));
    client.redirect_uri = members.text("redirectUri");
    client.secret_expires = members.time("secretExpires");
    client.scopes = members.texts("scopes");
    bool known = false;
    for (const auto& [each, word] : kSources) {
      if (word != source) continue;
      client.source = each;
      known = true;
    }
    client.authentication = authentication.value_or(ClientAuthentication::none);
    sound_ = sound_ && members.sound() && authentication && known;
    return client;
  }

 private:
  const Json& object_;
  bool sound_;
};

/// `read` takes what it wants out of a record of this version.
template <class Record, class Read>
std::expected<Record, RecordFailure> read_record(std::string_view text, Read read) {
  const auto json = Json::parse(text, nullptr, false);
  Members members(json);
  const std::uint64_t version = members.number("version");
  if (!members.sound() || version == 0) return std::unexpected(RecordFailure::damaged);
  if (version != kVersion) return std::unexpected(RecordFailure::later_version);
  Record record = read(members);
  if (!members.sound()) return std::unexpected(RecordFailure::damaged);
  return record;
}

}  // namespace

std::expected<std::string, RecordFailure> write_credential(const Credential& credential) {
  return text_of({{"issuer", credential.key.issuer},
                  {"resource", credential.key.resource},
                  {"account", credential.key.account},
                  {"serverUrl", credential.server_url},
                  {"client", client_value(credential.client)},
                  {"tokenEndpoint", credential.token_endpoint},
                  {"revocationEndpoint", credential.revocation_endpoint},
                  {"login", credential.login},
                  {"loggedIn", time_value(credential.logged_in)},
                  {"generation", credential.generation},
                  {"accessToken", credential.access_token},
                  {"issued", time_value(credential.issued)},
                  {"expires", time_value(credential.expires)},
                  {"refreshToken", credential.refresh_token},
                  {"scopes", credential.scopes},
                  {"asked", credential.asked},
                  {"wanted", credential.wanted},
                  {"subject", credential.subject},
                  {"refreshed", time_value(credential.refreshed)},
                  {"dead", credential.dead}});
}

std::expected<Credential, RecordFailure> read_credential(std::string_view text) {
  return read_record<Credential>(text, [](Members& members) {
    Credential credential;
    credential.key.issuer = members.text("issuer");
    credential.key.resource = members.text("resource");
    credential.key.account = members.text("account");
    credential.server_url = members.text("serverUrl");
    credential.client = members.client("client");
    credential.token_endpoint = members.text("tokenEndpoint");
    credential.revocation_endpoint = members.text("revocationEndpoint");
    credential.login = members.text("login");
    credential.logged_in = members.time("loggedIn");
    credential.generation = members.number("generation");
    credential.access_token = members.text("accessToken");
    credential.issued = members.time("issued");
    credential.expires = members.time("expires");
    credential.refresh_token = members.text("refreshToken");
    credential.scopes = members.texts("scopes");
    credential.asked = members.texts("asked");
    credential.wanted = members.texts("wanted");
    credential.subject = members.text("subject");
    credential.refreshed = members.time("refreshed");
    credential.dead = members.text("dead");
    return credential;
  });
}

std::expected<std::string, RecordFailure> write_client(const ClientRecord& record) {
  return text_of({{"issuer", record.issuer}, {"client", client_value(record.client)}});
}

std::expected<ClientRecord, RecordFailure> read_client(std::string_view text) {
  return read_record<ClientRecord>(text, [](Members& members) {
    ClientRecord record;
    record.issuer = members.text("issuer");
    record.client = members.client("client");
    return record;
  });
}

std::expected<std::string, RecordFailure> write_secret(const SecretRecord& record) {
  return text_of({{"name", record.name}, {"value", record.value}});
}

std::expected<SecretRecord, RecordFailure> read_secret(std::string_view text) {
  return read_record<SecretRecord>(text, [](Members& members) {
    SecretRecord record;
    record.name = members.text("name");
    record.value = members.text("value");
    return record;
  });
}

}  // namespace oauth

#include "gateway/import/import_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <system_error>

#include "gateway/config/file_replacement.h"
#include "gateway/config/jsonc_write.h"
#include "gateway/config/text_file.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

constexpr std::size_t kMaxRecord = std::size_t{16} << 20;
constexpr std::size_t kMostRecords = 20;
constexpr std::size_t kMostKept = 4096;  // bytes of the configuration's old text
constexpr std::size_t kNumberDigits = 8;

std::string reason(int number) {
  return std::generic_category().message(number);
}

std::string record_text(const ImportRecord& record) {
  nlohmann::ordered_json json;
  json["version"] = 1;
  json["time"] = record.time;
  json["done"] = record.done;
  json["file"] = record.file;
  json["madeFile"] = record.made_file;
  json["before"] = record.before_digest;
  json["after"] = record.after_digest;
  if (record.splice) {
    json["splice"] = {{"at", record.splice->at}, {"length", record.splice->length}, {"before", record.splice->before}};
  }
  json["servers"] = nlohmann::ordered_json::array();
  for (const auto& [name, entry] : record.servers)
    json["servers"].push_back({{"name", name}, {"entry", write_on_one_line(entry, JsoncStyle{.trailing_comma = false})}});
  json["secrets"] = record.secrets;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string text_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::size_t size_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

/// What somebody else wrote, or a later version, is no record.
std::optional<ImportRecord> parse_record(const std::string& path, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || size_of(json, "version") != 1) return std::nullopt;
  ImportRecord record{.path = path,
                      .time = static_cast<std::int64_t>(size_of(json, "time")),
                      .done = json.value("done", nlohmann::json(false)) == true,
                      .file = text_of(json, "file"),
                      .made_file = json.value("madeFile", nlohmann::json(false)) == true,
                      .before_digest = text_of(json, "before"),
                      .after_digest = text_of(json, "after")};
  if (const auto splice = json.find("splice"); splice != json.end() && splice->is_object()) {
    record.splice = TextSplice{size_of(*splice, "at"), size_of(*splice, "length"), text_of(*splice, "before")};
  }
  for (const auto& server : json.value("servers", nlohmann::json::array())) {
    if (server.is_object()) record.servers.emplace_back(text_of(server, "name"), parse_jsonc(text_of(server, "entry")).root);
  }
  for (const auto& secret : json.value("secrets", nlohmann::json::array())) {
    if (secret.is_string()) record.secrets.push_back(secret.get<std::string>());
  }
  return record;
}

}  // namespace

TextSplice TextSplice::between(std::string_view before, std::string_view after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t front = 0, back = 0;
  while (front < shorter && before[front] == after[front])
    ++front;
  while (back < shorter - front && before[before.size() - 1 - back] == after[after.size() - 1 - back])
    ++back;
  return {front, after.size() - front - back, std::string(before.substr(front, before.size() - front - back))};
}

std::optional<std::string> TextSplice::undone(std::string_view after) const {
  if (at > after.size() || length > after.size() - at) return std::nullopt;
  return std::string(after.substr(0, at)).append(before).append(after.substr(at + length));
}

std::string ImportRecord::digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &length, EVP_sha256(), nullptr) != 1) return "";
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < length; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

Result<ImportRecords> ImportRecords::open(const std::string& state_dir) {
  std::string folder = state_dir + "/imports";
  const std::string remedy = "Check the folder, or name another with --state DIR.";
  for (const std::string& path : {state_dir, folder}) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(ErrorCode::io_error, "cannot make the folder " + path + ": " + reason(errno), remedy);
    }
  }
  mcp::UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0) return fail(ErrorCode::io_error, "cannot open the folder " + folder + ": " + reason(errno), remedy);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail(ErrorCode::io_error, "another import is under way on " + state_dir, "Wait until it is done.");
  }
  return ImportRecords(std::move(folder), std::move(lock));
}

std::vector<std::string> ImportRecords::paths() const {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().stem().string();
    const bool number = name.size() == kNumberDigits && name.find_first_not_of("0123456789") == std::string::npos;
    if (number && entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

std::vector<ImportRecord> ImportRecords::all() const {
  std::vector<ImportRecord> records;
  for (const std::string& path : paths()) {
    const auto text = read_text_file(path, kMaxRecord);
    if (!text) continue;
    if (auto record = parse_record(path, *text)) records.insert(records.begin(), std::move(*record));
  }
  return records;
}

Result<> ImportRecords::add(ImportRecord& record) {
  std::vector<std::string> there = paths();
  if (record.splice && record.splice->before.size() > kMostKept) record.splice.reset();
  const std::size_t last = there.empty() ? 0 : std::stoul(std::filesystem::path(there.back()).stem().string());
  std::string number = std::to_string(last + 1);
  number.insert(0, kNumberDigits - std::min(kNumberDigits, number.size()), '0');
  record.path = folder_ + "/" + number + ".json";
  if (auto written = update(record); !written) return written;
  for (std::size_t i = 0; i + kMostRecords <= there.size(); ++i)
    ::unlink(there[i].c_str());
  return {};
}

Result<> ImportRecords::update(const ImportRecord& record) {
  const std::string why = write_private_file(record.path, record_text(record));
  if (why.empty()) return {};
  return fail(
      ErrorCode::io_error, "cannot write " + record.path + ": " + why, "Make room, or name another folder with --state DIR.");
}

void ImportRecords::remove(const ImportRecord& record) {
  ::unlink(record.path.c_str());
}

}  // namespace gateway

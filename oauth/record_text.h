#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "oauth/credential.h"

namespace oauth {

/// Why a record cannot be had from its text, or made into one.
enum class RecordFailure {
  damaged,        // no record of that kind
  later_version,  // of a program that knows more
  not_text,       // a value is no UTF-8
};

// Records as JSON, as they are before they are sealed. Each has a version: what is added to a record counts it up, so that no older
// program drops what it does not know by writing the record again. Times are whole milliseconds; what is finer is cut off.

std::expected<std::string, RecordFailure> write_credential(const Credential& credential);
std::expected<Credential, RecordFailure> read_credential(std::string_view text);

struct ClientRecord {
  std::string issuer;
  Client client;

  bool operator==(const ClientRecord&) const = default;
};

std::expected<std::string, RecordFailure> write_client(const ClientRecord& record);
std::expected<ClientRecord, RecordFailure> read_client(std::string_view text);

struct SecretRecord {
  std::string name;
  std::string value;

  bool operator==(const SecretRecord&) const = default;
};

std::expected<std::string, RecordFailure> write_secret(const SecretRecord& record);
std::expected<SecretRecord, RecordFailure> read_secret(std::string_view text);

}  // namespace oauth

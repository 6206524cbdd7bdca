/// What lies in a credential store's folder may be anything: as a sealed file, and as the record in one whose key was known.
///
/// The first byte says which; the rest is the file or the record.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "oauth/record_text.h"
#include "oauth/seal.h"

namespace {

using namespace oauth;

constexpr SealedName kName{"credential", "name"};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

const SealingKey& key() {
  static const SealingKey kKey = *SealingKey::from_hex(std::string(64, '7'));
  return kKey;
}

/// Nobody without the key makes one that can be unsealed, and a sound one that is changed anywhere cannot be.
void check_sealed(std::string_view bytes) {
  require(!unseal(key(), kName, bytes), "what is not sealed is not unsealed");
  auto sealed = seal(key(), kName, bytes);
  require(sealed && unseal(key(), kName, *sealed) == bytes, "what is sealed comes back");
  if (bytes.size() < 3) return;
  const std::size_t at = (static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1])) % sealed->size();
  const auto change = static_cast<unsigned char>(bytes[2]);
  (*sealed)[at] = static_cast<char>(static_cast<unsigned char>((*sealed)[at]) ^ change);
  require(change == 0 || !unseal(key(), kName, *sealed), "every bit counts");
}

/// What is read can be written, and is then read as the same.
template <class Record>
void check_record(std::string_view text,
                  std::expected<Record, RecordFailure> (*read)(std::string_view),
                  std::expected<std::string, RecordFailure> (*write)(const Record&)) {
  const auto record = read(text);
  if (!record) return;
  const auto again = write(*record);
  require(again.has_value(), "what was read can be written");
  require(read(*again) == record, "what was written is read as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 's') {
    check_sealed(rest);
    return 0;
  }
  check_record<Credential>(rest, read_credential, write_credential);
  check_record<ClientRecord>(rest, read_client, write_client);
  check_record<SecretRecord>(rest, read_secret, write_secret);
  return 0;
}

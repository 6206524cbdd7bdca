#pragma once

#include <array>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <string_view>

#include "mcp/types/protocol_version.h"

namespace mcp {

inline constexpr std::array kRevisions = {
    ProtocolVersion::v2024_11_05, ProtocolVersion::v2025_03_26, ProtocolVersion::v2025_06_18, ProtocolVersion::v2025_11_25};

/// What the params, or the result, of that method become for a reader of each revision; `latest` is what stands at the latest one.
struct AdaptCase {
  std::string_view name, method, latest;
  std::string_view v06_18, v03_26, v11_05;

  std::string_view for_reader(ProtocolVersion to) const {
    switch (to) {
      case ProtocolVersion::v2024_11_05:
        return v11_05;
      case ProtocolVersion::v2025_03_26:
        return v03_26;
      case ProtocolVersion::v2025_06_18:
        return v06_18;
      case ProtocolVersion::v2025_11_25:
        return latest;
    }
    return latest;
  }
};

inline void PrintTo(const AdaptCase& c, std::ostream* out) {
  *out << c.name;
}

inline std::string name_of(const testing::TestParamInfo<AdaptCase>& which) {
  return std::string(which.param.name);
}

}  // namespace mcp

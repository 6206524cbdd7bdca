// Fuzzes the editor of configurations: whatever the text is, a change is made, with the text parsed again and compared, or it is
// refused for what stands in the text, never because the editor lost its way.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/config/jsonc_edit.h"
#include "gateway/config/jsonc_write.h"

namespace {

using gateway::JsoncEditor;
using gateway::JsonNode;
using Path = std::vector<std::string>;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The change was made or refused; says which.
bool check(const mcp::Result<>& outcome) {
  require(outcome.has_value() || outcome.error().code == mcp::ErrorCode::config_invalid);
  return outcome.has_value();
}

void change(const JsoncEditor& original, const Path& path) {
  const JsonNode value = gateway::json_object({{"x", gateway::json_array({"y", "z"})}});
  JsoncEditor editor = original;
  check(editor.set(path, value));
  editor = original;
  check(editor.remove(path));
  editor = original;
  if (check(editor.append(path, value))) check(editor.remove_item(path, 0));
  Path below = path;
  below.emplace_back("\n new");
  editor = original;
  if (!check(editor.set(below, value))) return;
  require(check(editor.remove(below)));
}

void change_all(const JsoncEditor& original, const JsonNode& node, const Path& path, int& left) {
  for (const gateway::JsonMember& member : node.members) {
    if (--left < 0) return;
    Path below = path;
    below.push_back(member.key);
    change(original, below);
    change_all(original, member.value, below, left);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto editor = JsoncEditor::open(std::string(data, data + size));
  if (!editor) return 0;
  change(*editor, {"new"});
  int left = 30;
  change_all(*editor, editor->root(), {}, left);
  return 0;
}

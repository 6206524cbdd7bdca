#include "gateway/import/client_text.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "gateway/config/expand.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/secret_hint.h"

namespace gateway {
namespace {

constexpr std::string_view kWorkspace = "WORKSPACE_FOLDER";

bool is_variable(std::string_view inside) {
  const std::string_view name = inside.substr(0, inside.find(":-"));
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && std::ranges::all_of(name, fits) && (name.front() < '0' || name.front() > '9');
}

bool only_an_editor_knows(std::string_view inside) {
  return inside.starts_with("command:") || inside.starts_with("config:") || inside.starts_with("file") ||
         inside == "relativeFile" || inside == "selectedText" || inside == "lineNumber";
}

class Words {
 public:
  Words(std::string_view text, const SourceReading& source, const std::string& folder)
      : rest_(text), source_(source), folder_(folder) {}

  ClientText run() {
    const ImportClient client = source_.file.client;
    if (client == ImportClient::claude_desktop || client == ImportClient::codex) {
      out_.text = without_references(rest_);
      if (out_.text != rest_)
        out_.notes.push_back(std::string(client_name(client)) + " puts no variables in, so \"${\" stays as it is");
      return std::move(out_);
    }
    while (!rest_.empty())
      step();
    return std::move(out_);
  }

 private:
  void step() {
    const std::size_t at = rest_.find("${");
    out_.text += rest_.substr(0, at);
    if (at == std::string_view::npos) return rest_.remove_prefix(rest_.size());
    rest_.remove_prefix(at);
    const std::size_t close = rest_.find('}');
    const std::string_view whole = rest_.substr(0, close == std::string_view::npos ? 2 : close + 1);
    rest_.remove_prefix(whole.size());
    if (close == std::string_view::npos) {
      out_.text += "$${";
    } else {
      reference(whole.substr(2, whole.size() - 3), whole);
    }
  }

  void reference(std::string_view inside, std::string_view whole) {
    if (inside.starts_with("env:") && is_variable(inside.substr(4))) {
      out_.text.append("${").append(inside.substr(4)).append("}");
    } else if (inside.starts_with("input:")) {
      input(std::string(inside.substr(6)));
    } else if (inside == "userHome") {
      out_.text += "${HOME}";
    } else if (inside == "/" || inside == "pathSeparator") {
      out_.text += "/";
    } else if (inside == "workspaceFolderBasename" && !folder_.empty()) {
      out_.text += without_references(std::filesystem::path(folder_).filename().string());
    } else if (is_workspace(inside)) {
      workspace();
    } else if (only_an_editor_knows(inside) || inside == "workspaceFolderBasename") {
      out_.problem = gateway::quoted(whole) + " is known to an editor only";
    } else if (is_variable(inside)) {
      out_.text += whole;
    } else {
      out_.text += without_references(whole);
      out_.notes.push_back(gateway::quoted(whole) + " is no reference to a variable and stays as it is");
    }
  }

  bool is_workspace(std::string_view inside) const {
    if (inside == "CLAUDE_PROJECT_DIR" || inside.starts_with("CLAUDE_PROJECT_DIR:-")) return !folder_.empty();
    return inside == "workspaceFolder" || inside.starts_with("workspaceFolder:") || inside == "workspaceRoot";
  }

  void workspace() {
    if (!folder_.empty()) {
      out_.text += without_references(folder_);
      return;
    }
    out_.text.append("${").append(kWorkspace).append("}");
    need({std::string(kWorkspace), false, "it stands for the folder that was open in the editor"});
  }

  void input(const std::string& id) {
    const auto found = source_.inputs.find(id);
    const AskedInput input = found == source_.inputs.end() ? AskedInput{} : found->second;
    const std::string name = variable_name(id);
    if (!input.password && input.otherwise && !input.otherwise->contains('}') && !names_secret(id)) {
      out_.text.append("${").append(name).append(":-").append(*input.otherwise).append("}");
      out_.notes.push_back("the variable " + name + " takes the place of " + gateway::quoted("${input:" + id + "}"));
      return;
    }
    out_.text.append("${").append(kSecretPrefix).append(name).append("}");
    need({name, true, "VS Code asks for it" + (input.description.empty() ? "" : ": " + input.description)});
  }

  void need(NeededValue value) {
    if (std::ranges::find(out_.needed, value) == out_.needed.end()) out_.needed.push_back(std::move(value));
  }

  std::string_view rest_;
  const SourceReading& source_;
  const std::string& folder_;
  ClientText out_;
};

}  // namespace

std::string without_references(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${")) {
    out.append(text.substr(0, at)).append("$${");
    text.remove_prefix(at + 2);
  }
  return out.append(text);
}

ClientText in_our_words(std::string_view text, const SourceReading& source, const std::string& folder) {
  return Words(text, source, folder).run();
}

}  // namespace gateway

#include "gateway/doctor/program_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "gateway/config/shell_word.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;

constexpr std::size_t kBeginning = 4096;

std::string read_beginning(const std::string& path) {
  std::string text(kBeginning, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

/// The kind of machine that a program is for; 0 where the text is no program.
Elf64_Half machine_of(const std::string& text) {
  Elf64_Ehdr head{};
  if (text.size() < sizeof head) return 0;
  std::memcpy(&head, text.data(), sizeof head);
  return head.e_machine;
}

mcp::Result<ProgramFile> read_script(const std::string& path, std::string_view line) {
  if (line.ends_with('\r')) {
    return fail(ErrorCode::spawn_failed,
                path + " has line ends of Windows, so the system looks for an interpreter whose name ends in one",
                "Convert it: sed -i 's/\\r$//' " + shell_word(path));
  }
  ProgramFile file;
  std::istringstream words{std::string(line)};
  for (std::string word; words >> word;)
    file.interpreter.push_back(word);
  if (file.interpreter.empty()) {
    return fail(ErrorCode::spawn_failed, path + " names no interpreter behind #!", "Name one, such as #!/bin/sh.");
  }
  return file;
}

}  // namespace

std::string ProgramFile::looked_up() const {
  if (interpreter.size() < 2 || std::filesystem::path(interpreter.front()).filename() != "env") return "";
  for (std::size_t i = 1; i < interpreter.size(); ++i) {
    const std::string& word = interpreter[i];
    if (!word.starts_with('-') && word.find('=') == std::string::npos) return word;
  }
  return "";
}

mcp::Result<ProgramFile> look_at_program_file(const std::string& path) {
  const std::string text = read_beginning(path);
  if (text.empty()) return ProgramFile();  // may be executed without being readable
  if (text.starts_with("#!")) return read_script(path, std::string_view(text).substr(2, text.find('\n') - 2));
  if (!text.starts_with(ELFMAG)) {
    return fail(ErrorCode::spawn_failed,
                path + " is no program for this system",
                "A script needs a first line like #!/bin/sh or #!/usr/bin/env node.");
  }
  const Elf64_Half machine = machine_of(text), ours = machine_of(read_beginning("/proc/self/exe"));
  if (ours != 0 && machine != 0 && machine != ours) {
    return fail(ErrorCode::spawn_failed, path + " is a program for another kind of processor", "Install the one for this machine.");
  }
  return ProgramFile();
}

}  // namespace gateway

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/interleaving/dice.h"

namespace gateway {

/// An entry of mcpServers in the file that is edited.
struct EditedServer {
  std::string name;
  int generation = 0;  // which its tool tells; another one is another connection
  int remote = -1;     // which of the servers over HTTP it reaches; -1: a program
  int variant = 0;     // of its environment or its headers: another one is another connection
  bool enabled = true;
  bool bound = false;   // to the environment "devbox"
  bool broken = false;  // it lacks a variable
  int presentation = 0;

  /// Its tool is kept back.
  bool denied() const { return presentation % 7 == 6; }

  /// What its connection depends on, beside the name and the environment's instance.
  std::string connection() const;
  std::string text() const;
};

/// A configuration file that somebody edits at random. Names and connections are from small sets, so that what went comes back.
class EditedFile {
 public:
  EditedFile(std::uint64_t seed, std::vector<std::string> urls);

  /// Changes one thing.
  void edit();

  /// As it is written; with "@PROGRAM@" for stdio_fault.
  std::string text() const;

  const std::vector<EditedServer>& servers() const { return servers_; }

 private:
  void add();
  void change(EditedServer& server);
  std::string free_name();

  Dice dice_;
  const std::vector<std::string> urls_;
  std::vector<EditedServer> servers_;
  int generations_ = 0;
  int settings_ = 0;
  std::vector<std::string> profile_;
};

}  // namespace gateway

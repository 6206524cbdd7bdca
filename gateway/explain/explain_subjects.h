#pragma once

#include <string>
#include <vector>

#include "gateway/explain/explain_scene.h"

namespace gateway {

/// What a name somebody asks for may mean: a server, or a tool of one.
struct ExplainSubject {
  const ExplainedServer* server = nullptr;  // of the scene
  std::string tool;                         // its own name, or what seems to be; "" for the server
  bool as_callable = false;                 // it was named as clients name tools: SERVER__TOOL
};

/// Everything of that name: a server; the tool that clients call so; tools that have it as their own name, or are given it by
/// tools.override; SERVER__TOOL and SERVER/TOOL, also where the server has no such tool. Nothing where no server has to do with it.
std::vector<ExplainSubject> find_subjects(const ExplainScene& scene, const std::string& asked);

/// Names that somebody who asked for this one may have meant, callable tools first.
std::vector<std::string> near_names(const ExplainScene& scene, const std::string& asked);

}  // namespace gateway

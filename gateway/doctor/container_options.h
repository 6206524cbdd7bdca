#pragma once

#include <string>
#include <vector>

namespace gateway {

/// What "docker run" and "podman run" are told for themselves. What stands behind the image is for the program in it.
struct ContainerOptions {
  bool runs = false;  // it is "run" or "container run"; of other commands nothing is read
  bool interactive = false, tty = false, detach = false;
  bool all_variables = false;          // a file of them, or all of the host's (podman), whose names are not seen here
  std::vector<std::string> variables;  // that are given to the container, by name

  static ContainerOptions of(const std::vector<std::string>& args);
};

}  // namespace gateway

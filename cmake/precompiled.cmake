# With -include alone clang takes the precompiled headers that lie beside the named file, and the file itself where there are none yet.
# CMake would name both, and clang-tidy could read no source before the headers are compiled.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include <PCH_HEADER>)
endif()

# The flags that ccache wants.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(pch_options -fpch-preprocess)
else()
  set(pch_options -Xclang -fno-pch-timestamp)
endif()

# Precompiles headers once, for targets that have the same options. They belong to a target without code, which waits for no library.
function(add_precompiled_headers name)
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cc)
  target_compile_options(${name} PRIVATE ${pch_options})
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

function(use_precompiled_headers target name)
  target_compile_options(${target} PRIVATE ${pch_options})
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()

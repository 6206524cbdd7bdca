# The fastest linker that fits the compiler; without either the default one serves.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The sanitizers' runtimes are only tried with LLVM's own linker.
  find_program(LLD NAMES ld.lld-19 ld.lld)
  if(LLD)
    add_link_options(-fuse-ld=lld)
  endif()
else()
  find_program(MOLD mold)
  if(MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

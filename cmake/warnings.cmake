# How Asio and Beast are compiled: by everybody alike, or the program has two of some of their functions.
# Their frames and handlers need no more alignment than operator new gives, and aligned_alloc costs several times as much.
set(SWITCHYARD_BOOST_DEFINITIONS
    BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC
    BOOST_ASIO_DISABLE_BOOST_ALIGN)

# What every target of ours is compiled with.
add_library(switchyard_options INTERFACE)
target_include_directories(switchyard_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(
  switchyard_options
  INTERFACE ${SWITCHYARD_BOOST_DEFINITIONS}
            SWITCHYARD_VERSION="${PROJECT_VERSION}")
target_compile_options(
  switchyard_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wold-style-cast
            -Wcast-qual
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wformat=2
            -Wimplicit-fallthrough
            -Wextra-semi
            -Wmissing-declarations
            -Wundef
            -Wvla
            -Wno-missing-field-initializers)
if(SWITCHYARD_WERROR)
  target_compile_options(switchyard_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 sees overlapping copies in std::string where there are none (gcc bug 105329), and takes the recycled frames of Asio's
  # coroutines for blocks of another allocator.
  target_compile_options(switchyard_options INTERFACE -Wduplicated-cond -Wlogical-op -Wsuggest-override -Wno-restrict -Wno-mismatched-new-delete)
else()
  target_compile_options(switchyard_options INTERFACE -Wthread-safety -Wrange-loop-analysis -Wcomma -Wunreachable-code -Wmove)
endif()
if(SWITCHYARD_SANITIZE)
  # The vptr check opens a pipe to see whether an address may be read: where a test takes all descriptors it reports sound objects.
  set(sanitize -fsanitize=${SWITCHYARD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(SWITCHYARD_FUZZ)
    list(APPEND sanitize -fsanitize=fuzzer-no-link)
  endif()
  add_compile_options(${sanitize})
  add_link_options(-fsanitize=${SWITCHYARD_SANITIZE})
endif()

# What every target of ours is compiled and linked with. Generated code does not use it.
add_library(kentledge_options INTERFACE)
target_compile_definitions(kentledge_options INTERFACE
  _GNU_SOURCE
  KENTLEDGE_VERSION="${PROJECT_VERSION}"
)
target_compile_options(kentledge_options INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings -Wno-unused-parameter
    -Werror -fno-common -fstack-protector-strong>
)
# With optimisation gcc follows `if (f(&x, err) < 0) return -1;` into f, but cannot know that
# error_set() is always negative there, and takes x for unset. Reads of unset memory are for the
# sanitizers and clang to find.
target_compile_options(kentledge_options INTERFACE
  $<$<AND:$<C_COMPILER_ID:GNU>,$<COMPILE_LANGUAGE:C>>:-Wno-maybe-uninitialized>
)
target_compile_definitions(kentledge_options INTERFACE
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>
)
# Symbols that nobody uses cost pages of memory on every node.
target_compile_options(kentledge_options INTERFACE -ffunction-sections -fdata-sections)
target_link_options(kentledge_options INTERFACE
  -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro -Wl,-z,now)

if(KENTLEDGE_SANITIZE STREQUAL "address")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(KENTLEDGE_SANITIZE STREQUAL "thread")
  set(sanitize -fsanitize=thread)
elseif(KENTLEDGE_SANITIZE)
  message(FATAL_ERROR "KENTLEDGE_SANITIZE: address or thread, not ${KENTLEDGE_SANITIZE}")
endif()
if(KENTLEDGE_FUZZ)
  list(APPEND sanitize -fsanitize=fuzzer-no-link)
endif()
if(sanitize)
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
endif()

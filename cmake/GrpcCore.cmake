# grpc_core: gRPC's C core with TLS.
#
# Statically linked a small server idles at 11.8 MB instead of 15.8 MB (50 shared libraries, most of
# them C++ that nobody calls); OpenSSL, zlib and libc remain shared, to be updated with the system.
# The sanitizers want it shared: ThreadSanitizer can leave out a library, not a part of a program.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT KENTLEDGE_SANITIZE)
  set(grpc_static_default ON)
else()
  set(grpc_static_default OFF)
endif()
option(KENTLEDGE_GRPC_STATIC "link gRPC statically" ${grpc_static_default})

find_package(OpenSSL REQUIRED)
find_path(GRPC_INCLUDE_DIR grpc/grpc_security.h REQUIRED)
add_library(grpc_core INTERFACE)
target_include_directories(grpc_core SYSTEM INTERFACE ${GRPC_INCLUDE_DIR})

if(KENTLEDGE_GRPC_STATIC)
  # grpc.pc does not name all of it, so the list is ours (libgrpc 1.51 of Debian 12).
  set(archives)
  foreach(name grpc gpr address_sorting upb re2 cares)
    find_library(GRPC_ARCHIVE_${name} lib${name}.a REQUIRED)
    list(APPEND archives ${GRPC_ARCHIVE_${name}})
  endforeach()
  get_filename_component(archive_dir ${GRPC_ARCHIVE_grpc} DIRECTORY)
  file(GLOB absl_archives ${archive_dir}/libabsl_*.a)
  target_link_libraries(grpc_core INTERFACE
    -Wl,--start-group ${archives} ${absl_archives} -Wl,--end-group
    OpenSSL::SSL OpenSSL::Crypto z
    -Wl,-Bstatic -lstdc++ -Wl,-Bdynamic -lgcc_eh m Threads::Threads)
  # C++ tables are full of relative addresses: packed, half a megabyte of them is not read.
  include(CheckLinkerFlag)
  check_linker_flag(C -Wl,-z,pack-relative-relocs GRPC_PACKED_RELOCATIONS)
  if(GRPC_PACKED_RELOCATIONS)
    target_link_options(grpc_core INTERFACE -Wl,-z,pack-relative-relocs)
  endif()
else()
  find_library(GRPC_LIBRARY grpc REQUIRED)
  find_library(GPR_LIBRARY gpr REQUIRED)
  target_link_libraries(grpc_core INTERFACE
    ${GRPC_LIBRARY} ${GPR_LIBRARY} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
endif()

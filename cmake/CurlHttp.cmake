# curl_http: libcurl, of which we use HTTP over TLS alone.
#
# Debian's libcurl brings two dozen libraries with it (Kerberos, LDAP, SSH, RTMP and with it GnuTLS):
# 5 MB of memory in each program for protocols that we never speak. In a release libcurl is linked
# statically and these libraries are left out; what libcurl would call of them ends the program. It
# does not come to that: lib/http/client.c allows http and https only, uses no proxy, no cookies, no
# compression and no authentication of libcurl's, and refuses server names that are not ASCII.
# One thing a server can do unasked: name brotli or zstd as a transfer encoding. libcurl 7.88 then
# makes a decoder, and fails the request where it gets none.
find_library(CURL_ARCHIVE libcurl.a)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT KENTLEDGE_SANITIZE AND CURL_ARCHIVE)
  set(curl_static_default ON)
else()
  set(curl_static_default OFF)
endif()
option(KENTLEDGE_CURL_STATIC "link libcurl statically, without what we do not use" ${curl_static_default})

pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
add_library(curl_http INTERFACE)
if(NOT KENTLEDGE_CURL_STATIC)
  target_link_libraries(curl_http INTERFACE PkgConfig::CURL)
  return()
endif()

find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_library(NGHTTP2_LIBRARY NAMES nghttp2 libnghttp2.so.14 REQUIRED)

execute_process(COMMAND ${CMAKE_NM} -u ${CURL_ARCHIVE}
  OUTPUT_VARIABLE undefined ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL
  "U (Brotli|RTMP_|ZSTD_|ber_|gss_|idn2_|ldap_|libssh2_|psl_)[A-Za-z0-9_]+" absent "${undefined}")
list(REMOVE_DUPLICATES absent)
# curl_global_init(3) and its counterpart call these two.
list(REMOVE_ITEM absent "U libssh2_init" "U libssh2_exit")
list(REMOVE_ITEM absent "U BrotliDecoderCreateInstance" "U ZSTD_createDStream")
set(source "/* Generated: see cmake/CurlHttp.cmake. */
int libssh2_init(int flags) { return flags & 0; }
void libssh2_exit(void) {}
void *BrotliDecoderCreateInstance(void) { return 0; }
void *ZSTD_createDStream(void) { return 0; }
const void *GSS_C_NT_HOSTBASED_SERVICE;
#define ABSENT(name) void name(void) { __builtin_trap(); }
")
foreach(symbol ${absent})
  string(REPLACE "U " "" symbol ${symbol})
  string(APPEND source "ABSENT(${symbol})\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/curl_absent.c CONTENT "${source}" @ONLY)
add_library(curl_absent STATIC ${PROJECT_BINARY_DIR}/curl_absent.c)
target_compile_options(curl_absent PRIVATE -fno-builtin)

target_include_directories(curl_http SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(curl_http INTERFACE
  ${CURL_ARCHIVE} curl_absent ${NGHTTP2_LIBRARY}
  OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads)

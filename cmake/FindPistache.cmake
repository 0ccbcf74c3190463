# Pistache::Pistache: the static library that `scripts/deps pistache VARIANT` built.
# HEADRACE_PISTACHE_VARIANT chooses it; by default it goes with the sanitizer.
set(variant_default release)
if(HEADRACE_SANITIZE STREQUAL "address")
  set(variant_default asan)
elseif(HEADRACE_SANITIZE STREQUAL "thread")
  set(variant_default tsan)
endif()
set(HEADRACE_PISTACHE_VARIANT "${variant_default}" CACHE STRING "Which build of Pistache to link")
set(pistache_root "${HEADRACE_DEPS_DIR}/pistache-${HEADRACE_PISTACHE_VARIANT}")

find_path(Pistache_INCLUDE_DIR pistache/endpoint.h PATHS "${pistache_root}/include" NO_DEFAULT_PATH NO_CACHE)
find_library(Pistache_LIBRARY NAMES libpistache.a PATHS "${pistache_root}/lib" NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Pistache
  REQUIRED_VARS Pistache_LIBRARY Pistache_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run: scripts/deps pistache ${HEADRACE_PISTACHE_VARIANT}")

if(Pistache_FOUND AND NOT TARGET Pistache::Pistache)
  find_package(Threads REQUIRED)
  add_library(Pistache::Pistache STATIC IMPORTED)
  set_target_properties(Pistache::Pistache PROPERTIES
    IMPORTED_LOCATION "${Pistache_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Pistache_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()

# libheadrace.so and the CMake package `headrace`, for programs that link handlers of their own
# (docs/handlers.md; why a shared library: docs/adr/0011).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(headrace_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/headrace")

add_library(libheadrace SHARED linked_main.cc)
set_target_properties(libheadrace PROPERTIES
  OUTPUT_NAME headrace EXPORT_NAME headrace VERSION ${PROJECT_VERSION} SOVERSION 0)
target_compile_features(libheadrace INTERFACE cxx_std_20)
target_include_directories(libheadrace INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(libheadrace PRIVATE headrace_app headrace_options)
# Of all that is in it, only what linked_main.cc defines is seen from outside.
target_link_options(libheadrace PRIVATE LINKER:--exclude-libs,ALL)

install(TARGETS libheadrace EXPORT headrace
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/headrace"
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT headrace NAMESPACE headrace:: FILE headrace-targets.cmake
  DESTINATION ${headrace_package_dir} COMPONENT development)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/headrace-config.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/headrace-config.cmake" INSTALL_DESTINATION ${headrace_package_dir})
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/headrace-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/headrace-config.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/headrace-config-version.cmake"
  DESTINATION ${headrace_package_dir} COMPONENT development)

# headrace_module(NAME SOURCES ... [PUBLIC lib ...] [PRIVATE lib ...])
# One static library per folder of src/; what it links is what it may include (scripts/check_layers).
function(headrace_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(headrace_${name} STATIC ${ARG_SOURCES})
  target_include_directories(headrace_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(headrace_${name} PUBLIC ${ARG_PUBLIC} PRIVATE headrace_options ${ARG_PRIVATE})
endfunction()

# headrace_test(NAME LABEL label SOURCES ... LIBS ... [TIMEOUT seconds] [ENVIRONMENT VAR=value ...])
# A GoogleTest program; each of its tests is a ctest test with the label.
function(headrace_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LIBS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} headrace_options GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM headrace_test_headers)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 30
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()

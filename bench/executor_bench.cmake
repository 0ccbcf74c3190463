# What a process per job costs, with and without its sandbox: executor-bench (Google Benchmark).
find_package(benchmark REQUIRED)
add_executable(executor-bench "${CMAKE_CURRENT_LIST_DIR}/executor_bench.cc")
target_link_libraries(executor-bench PRIVATE headrace_pool headrace_options benchmark::benchmark_main)
foreach(profile Minimal Trusted)
  add_executable(noop-executor-${profile} "${CMAKE_CURRENT_LIST_DIR}/noop_executor.cc")
  target_link_libraries(noop-executor-${profile} PRIVATE headrace_executor headrace_options)
  target_compile_definitions(noop-executor-${profile} PRIVATE HEADRACE_PROFILE=k${profile})
  string(TOUPPER ${profile} name)
  target_compile_definitions(executor-bench PRIVATE
    HEADRACE_NOOP_${name}="$<TARGET_FILE:noop-executor-${profile}>")
  add_dependencies(executor-bench noop-executor-${profile})
endforeach()

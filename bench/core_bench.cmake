# What the core costs a job, apart from HTTP and handlers: core-bench (Google Benchmark).
find_package(benchmark REQUIRED)
add_executable(core-bench "${CMAKE_CURRENT_LIST_DIR}/core_bench.cc")
target_link_libraries(core-bench PRIVATE
  headrace_worker headrace_service headrace_simulate headrace_options benchmark::benchmark_main)

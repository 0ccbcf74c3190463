# What keeping jobs in SQLite costs beside a bare loop of the same statements: store-bench.
find_package(SQLite3 REQUIRED)
add_executable(store-bench "${CMAKE_CURRENT_LIST_DIR}/store_bench.cc" "${CMAKE_CURRENT_LIST_DIR}/store_bare_loop.cc")
target_link_libraries(store-bench PRIVATE headrace_engine_sqlite headrace_options SQLite::SQLite3 fmt::fmt)

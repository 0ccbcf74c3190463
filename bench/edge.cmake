# What bench/edge.py compares the service's edge with.
add_executable(pistache-bare "${CMAKE_CURRENT_LIST_DIR}/pistache_bare.cc")
target_link_libraries(pistache-bare PRIVATE Pistache::Pistache headrace_options)

# What bench/pdf_bench.py measures the service against.
add_executable(pdf-bare-loop "${CMAKE_CURRENT_LIST_DIR}/pdf_bare_loop.cc")
target_link_libraries(pdf-bare-loop PRIVATE headrace_pdf headrace_options)

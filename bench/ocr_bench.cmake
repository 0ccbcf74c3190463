# What bench/ocr_bench.py measures the service against.
add_executable(ocr-bare-loop "${CMAKE_CURRENT_LIST_DIR}/ocr_bare_loop.cc")
target_link_libraries(ocr-bare-loop PRIVATE PkgConfig::tesseract headrace_options)

# PDFium and our encoder in one loop: the floor that the service is compared with.
add_executable(pdf-bare-loop "${CMAKE_CURRENT_LIST_DIR}/pdf_bare_loop.cc")
target_link_libraries(pdf-bare-loop PRIVATE headrace_pdf headrace_options)

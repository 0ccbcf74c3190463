# PDFium::PDFium: the shared library that `scripts/deps pdfium` unpacked. It comes without headers; the
# part of its C API that is used is declared in src/handler/pdf.
find_library(PDFium_LIBRARY NAMES libpdfium.so PATHS "${HEADRACE_DEPS_DIR}/pdfium/lib" NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PDFium
  REQUIRED_VARS PDFium_LIBRARY
  REASON_FAILURE_MESSAGE "run: scripts/deps pdfium")

if(PDFium_FOUND AND NOT TARGET PDFium::PDFium)
  add_library(PDFium::PDFium SHARED IMPORTED)
  set_target_properties(PDFium::PDFium PROPERTIES
    IMPORTED_LOCATION "${PDFium_LIBRARY}" IMPORTED_NO_SONAME TRUE)
endif()

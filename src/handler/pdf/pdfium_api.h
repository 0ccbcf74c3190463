#pragma once

#include <cstddef>

// The part of PDFium's public C API that this folder uses, declared after its public headers
// fpdfview.h, fpdf_sysfontinfo.h and fpdf_progressive.h: the binary distribution carries none. The
// ABI of these functions has been stable for years; PDFium promises it for its public API.

extern "C" {

// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): PDFium's own names
using FPDF_DOCUMENT = struct fpdf_document_t__*;
using FPDF_PAGE = struct fpdf_page_t__*;
using FPDF_BITMAP = struct fpdf_bitmap_t__*;
using FPDF_BOOL = int;

struct FPDF_LIBRARY_CONFIG {
  int version;  // 2: the fields below
  const char** m_pUserFontPaths;
  void* m_pIsolate;
  unsigned int m_v8EmbedderSlot;
};

struct FPDF_SYSFONTINFO {
  int version;  // 1
  void (*Release)(FPDF_SYSFONTINFO* self);
  void (*EnumFonts)(FPDF_SYSFONTINFO* self, void* mapper);
  void* (*MapFont)(FPDF_SYSFONTINFO* self, int weight, FPDF_BOOL italic, int charset,
                   int pitch_family, const char* face, FPDF_BOOL* exact);
  void* (*GetFont)(FPDF_SYSFONTINFO* self, const char* face);
  unsigned long (*GetFontData)(FPDF_SYSFONTINFO* self, void* font, unsigned int table,
                               unsigned char* buffer, unsigned long buffer_size);
  unsigned long (*GetFaceName)(FPDF_SYSFONTINFO* self, void* font, char* buffer,
                               unsigned long buffer_size);
  int (*GetFontCharset)(FPDF_SYSFONTINFO* self, void* font);
  void (*DeleteFont)(FPDF_SYSFONTINFO* self, void* font);
};

void FPDF_InitLibraryWithConfig(const FPDF_LIBRARY_CONFIG* config);
void FPDF_SetSystemFontInfo(FPDF_SYSFONTINFO* info);
void FPDF_AddInstalledFont(void* mapper, const char* face, int charset);

FPDF_DOCUMENT FPDF_LoadMemDocument64(const void* data, std::size_t size, const char* password);
void FPDF_CloseDocument(FPDF_DOCUMENT document);
unsigned long FPDF_GetLastError();
int FPDF_GetPageCount(FPDF_DOCUMENT document);

FPDF_PAGE FPDF_LoadPage(FPDF_DOCUMENT document, int index);
void FPDF_ClosePage(FPDF_PAGE page);
float FPDF_GetPageWidthF(FPDF_PAGE page);
float FPDF_GetPageHeightF(FPDF_PAGE page);
int FPDFPage_GetRotation(FPDF_PAGE page);

FPDF_BITMAP FPDFBitmap_CreateEx(int width, int height, int format, void* first_scan, int stride);
FPDF_BOOL FPDFBitmap_FillRect(FPDF_BITMAP bitmap, int left, int top, int width, int height,
                              unsigned long color);
void FPDFBitmap_Destroy(FPDF_BITMAP bitmap);
void FPDF_RenderPageBitmap(FPDF_BITMAP bitmap, FPDF_PAGE page, int start_x, int start_y, int size_x,
                           int size_y, int rotate, int flags);
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)

}  // extern "C"

namespace headrace {

inline constexpr int kBitmapBgra = 4;               // FPDFBitmap_BGRA
inline constexpr int kRenderAnnotations = 0x01;     // FPDF_ANNOT
inline constexpr unsigned long kErrorFormat = 3;    // FPDF_ERR_FORMAT
inline constexpr unsigned long kErrorPassword = 4;  // FPDF_ERR_PASSWORD
inline constexpr unsigned long kErrorSecurity = 5;  // FPDF_ERR_SECURITY

}  // namespace headrace

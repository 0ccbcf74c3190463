#pragma once

#include <cstddef>

// The part of PDFium's public C API that this folder uses, declared after its public headers
// fpdfview.h, fpdf_sysfontinfo.h, fpdf_doc.h, fpdf_text.h and fpdf_transformpage.h: the binary
// distribution carries none. The ABI of these functions has been stable for years; PDFium promises
// it for its public API.

extern "C" {

// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): PDFium's own names
using FPDF_DOCUMENT = struct fpdf_document_t__*;
using FPDF_PAGE = struct fpdf_page_t__*;
using FPDF_BITMAP = struct fpdf_bitmap_t__*;
using FPDF_TEXTPAGE = struct fpdf_textpage_t__*;
using FPDF_BOOL = int;

struct FPDF_LIBRARY_CONFIG {
  int version;  // 2: the fields below
  const char** m_pUserFontPaths;
  void* m_pIsolate;
  unsigned int m_v8EmbedderSlot;
};

// x' = a x + c y + e, y' = b x + d y + f
struct FS_MATRIX {
  float a;
  float b;
  float c;
  float d;
  float e;
  float f;
};

struct FS_RECTF {
  float left;
  float top;
  float right;
  float bottom;
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
FPDF_BOOL FPDF_GetFileVersion(FPDF_DOCUMENT document, int* version);
unsigned long FPDF_GetDocPermissions(FPDF_DOCUMENT document);
int FPDF_GetSecurityHandlerRevision(FPDF_DOCUMENT document);
// UTF-16LE with its terminator into `buffer`; returns the bytes that it takes.
unsigned long FPDF_GetMetaText(FPDF_DOCUMENT document, const char* tag, void* buffer,
                               unsigned long buffer_size);

FPDF_PAGE FPDF_LoadPage(FPDF_DOCUMENT document, int index);
void FPDF_ClosePage(FPDF_PAGE page);
float FPDF_GetPageWidthF(FPDF_PAGE page);
float FPDF_GetPageHeightF(FPDF_PAGE page);
int FPDFPage_GetRotation(FPDF_PAGE page);
FPDF_BOOL FPDF_GetPageBoundingBox(FPDF_PAGE page, FS_RECTF* box);
void FPDFPage_SetCropBox(FPDF_PAGE page, float left, float bottom, float right, float top);

FPDF_TEXTPAGE FPDFText_LoadPage(FPDF_PAGE page);
void FPDFText_ClosePage(FPDF_TEXTPAGE text_page);
int FPDFText_CountChars(FPDF_TEXTPAGE text_page);
// UTF-16 with its terminator into `result`; returns the units that were written.
int FPDFText_GetText(FPDF_TEXTPAGE text_page, int start, int count, unsigned short* result);

FPDF_BITMAP FPDFBitmap_CreateEx(int width, int height, int format, void* first_scan, int stride);
void FPDFBitmap_Destroy(FPDF_BITMAP bitmap);
void FPDF_RenderPageBitmap(FPDF_BITMAP bitmap, FPDF_PAGE page, int start_x, int start_y, int size_x,
                           int size_y, int rotate, int flags);
void FPDF_RenderPageBitmapWithMatrix(FPDF_BITMAP bitmap, FPDF_PAGE page, const FS_MATRIX* matrix,
                                     const FS_RECTF* clipping, int flags);
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)

}  // extern "C"

namespace headrace {

inline constexpr int kBitmapBgra = 4;               // FPDFBitmap_BGRA
inline constexpr int kRenderAnnotations = 0x01;     // FPDF_ANNOT
inline constexpr unsigned long kErrorFormat = 3;    // FPDF_ERR_FORMAT
inline constexpr unsigned long kErrorPassword = 4;  // FPDF_ERR_PASSWORD
inline constexpr unsigned long kErrorSecurity = 5;  // FPDF_ERR_SECURITY

}  // namespace headrace

#pragma once

namespace headrace {

// Reads the fonts that stand in for those a document does not embed (Liberation for Latin text,
// Droid Sans Fallback for Chinese, Japanese and Korean) into memory and gives them to PDFium, so
// that an executor draws text without opening a file. Folders: HEADRACE_FONT_DIR if it is set, else
// where Debian puts the fonts. A missing font is no error: PDFium then draws with its built-in
// ones. After FPDF_InitLibraryWithConfig, once per process, single-threaded.
void InstallFonts();

}  // namespace headrace

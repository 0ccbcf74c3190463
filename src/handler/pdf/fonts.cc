#include "handler/pdf/fonts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "handler/pdf/pdfium_api.h"

namespace headrace {
namespace {

// Windows character sets, as PDFium names them.
constexpr int kAnsi = 0;
constexpr int kShiftJis = 128;
constexpr int kHangul = 129;
constexpr int kGb2312 = 134;
constexpr int kBig5 = 136;
// Bits of a font's pitch and family.
constexpr int kFixedPitch = 1;
constexpr int kRoman = 16;
constexpr int kBold = 600;

enum class Family { kSans, kSerif, kMono, kCjk };

struct Font {
  const char* file;
  const char* face;
  Family family;
  bool bold;
  bool italic;
  std::string data = {};
};

std::vector<Font>& Fonts() {
  static std::vector<Font> fonts{
      {"LiberationSans-Regular.ttf", "Liberation Sans", Family::kSans, false, false},
      {"LiberationSans-Bold.ttf", "Liberation Sans Bold", Family::kSans, true, false},
      {"LiberationSans-Italic.ttf", "Liberation Sans Italic", Family::kSans, false, true},
      {"LiberationSans-BoldItalic.ttf", "Liberation Sans Bold Italic", Family::kSans, true, true},
      {"LiberationSerif-Regular.ttf", "Liberation Serif", Family::kSerif, false, false},
      {"LiberationSerif-Bold.ttf", "Liberation Serif Bold", Family::kSerif, true, false},
      {"LiberationSerif-Italic.ttf", "Liberation Serif Italic", Family::kSerif, false, true},
      {"LiberationSerif-BoldItalic.ttf", "Liberation Serif Bold Italic", Family::kSerif, true,
       true},
      {"LiberationMono-Regular.ttf", "Liberation Mono", Family::kMono, false, false},
      {"LiberationMono-Bold.ttf", "Liberation Mono Bold", Family::kMono, true, false},
      {"LiberationMono-Italic.ttf", "Liberation Mono Italic", Family::kMono, false, true},
      {"LiberationMono-BoldItalic.ttf", "Liberation Mono Bold Italic", Family::kMono, true, true},
      {"DroidSansFallbackFull.ttf", "Droid Sans Fallback", Family::kCjk, false, false},
  };
  return fonts;
}

std::vector<std::string> Folders() {
  if (const char* own = std::getenv("HEADRACE_FONT_DIR")) return {own};
  return {"/usr/share/fonts/truetype/liberation2", "/usr/share/fonts/truetype/liberation",
          "/usr/share/fonts/truetype/droid"};
}

std::string ReadFont(const char* file) {
  for (const std::string& folder : Folders()) {
    std::ifstream in(folder + '/' + file, std::ios::binary | std::ios::ate);
    if (!in) continue;
    std::string data(static_cast<std::size_t>(in.tellg()), '\0');
    in.seekg(0);
    if (in.read(data.data(), static_cast<std::streamsize>(data.size()))) return data;
  }
  return {};
}

bool IsCjk(int charset) {
  return charset == kShiftJis || charset == kHangul || charset == kGb2312 || charset == kBig5;
}

std::string Lower(const char* face) {
  std::string lower(face != nullptr ? face : "");
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool Mentions(std::string_view face, const std::array<std::string_view, 4>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return !word.empty() && face.find(word) != std::string_view::npos;
  });
}

Family FamilyOf(std::string_view face, int pitch_family) {
  if ((pitch_family & kFixedPitch) != 0 || Mentions(face, {"courier", "mono", "consol", ""})) {
    return Family::kMono;
  }
  if (Mentions(face, {"arial", "helvetica", "sans", "calibri"})) return Family::kSans;
  if ((pitch_family & kRoman) != 0 || Mentions(face, {"times", "serif", "georgia", "roman"})) {
    return Family::kSerif;
  }
  return Family::kSans;
}

Font* FindFont(Family family, bool bold, bool italic) {
  for (Font& font : Fonts()) {
    const bool style = family == Family::kCjk || (font.bold == bold && font.italic == italic);
    if (font.family == family && style && !font.data.empty()) return &font;
  }
  return nullptr;
}

void Release(FPDF_SYSFONTINFO* /*self*/) {}

void EnumFonts(FPDF_SYSFONTINFO* /*self*/, void* mapper) {
  for (const Font& font : Fonts()) {
    if (font.data.empty()) continue;
    if (font.family != Family::kCjk) {
      FPDF_AddInstalledFont(mapper, font.face, kAnsi);
      continue;
    }
    for (const int charset : {kShiftJis, kHangul, kGb2312, kBig5}) {
      FPDF_AddInstalledFont(mapper, font.face, charset);
    }
  }
}

// NOLINTNEXTLINE(readability-function-size): the signature is PDFium's
void* MapFont(FPDF_SYSFONTINFO* /*self*/, int weight, FPDF_BOOL italic, int charset,
              int pitch_family, const char* face, FPDF_BOOL* /*exact*/) {
  if (IsCjk(charset)) return FindFont(Family::kCjk, false, false);
  const std::string name = Lower(face);
  const bool bold = weight >= kBold || name.find("bold") != std::string::npos;
  const bool slanted = italic != 0 || Mentions(name, {"italic", "oblique", "", ""});
  return FindFont(FamilyOf(name, pitch_family), bold, slanted);
}

void* GetFont(FPDF_SYSFONTINFO* /*self*/, const char* face) {
  for (Font& font : Fonts()) {
    if (!font.data.empty() && std::strcmp(font.face, face) == 0) return &font;
  }
  return nullptr;
}

// One table of a TrueType file (its table directory starts at byte 12), or the whole file for 0.
std::string_view TableOf(const Font& font, unsigned int table) {
  const std::string_view data = font.data;
  if (table == 0) return data;
  const auto number = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      value = value << 8 | static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  if (data.size() < 12) return {};
  const std::size_t tables = number(4, 2);
  for (std::size_t i = 0; i < tables; ++i) {
    const std::size_t entry = 12 + i * 16;
    if (entry + 16 > data.size()) return {};
    if (number(entry, 4) != table) continue;
    const std::size_t offset = number(entry + 8, 4);
    const std::size_t length = number(entry + 12, 4);
    return offset <= data.size() ? data.substr(offset, length) : std::string_view{};
  }
  return {};
}

unsigned long GetFontData(FPDF_SYSFONTINFO* /*self*/, void* font, unsigned int table,
                          unsigned char* buffer, unsigned long buffer_size) {
  const std::string_view data = TableOf(*static_cast<const Font*>(font), table);
  if (buffer != nullptr && buffer_size >= data.size()) {
    std::memcpy(buffer, data.data(), data.size());
  }
  return data.size();
}

unsigned long GetFaceName(FPDF_SYSFONTINFO* /*self*/, void* font, char* buffer,
                          unsigned long buffer_size) {
  const std::string_view face = static_cast<const Font*>(font)->face;
  const unsigned long needed = face.size() + 1;
  if (buffer != nullptr && buffer_size >= needed) std::memcpy(buffer, face.data(), needed);
  return needed;
}

int GetFontCharset(FPDF_SYSFONTINFO* /*self*/, void* font) {
  return static_cast<const Font*>(font)->family == Family::kCjk ? kGb2312 : kAnsi;
}

void DeleteFont(FPDF_SYSFONTINFO* /*self*/, void* /*font*/) {}

}  // namespace

void InstallFonts() {
  for (Font& font : Fonts()) font.data = ReadFont(font.file);
  static FPDF_SYSFONTINFO info{1,           Release,     EnumFonts,      MapFont,   GetFont,
                               GetFontData, GetFaceName, GetFontCharset, DeleteFont};
  FPDF_SetSystemFontInfo(&info);
}

}  // namespace headrace

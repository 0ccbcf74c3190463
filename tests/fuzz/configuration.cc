// A configuration file of any bytes is read or refused with reasons.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "app/builtin_handlers.h"
#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headrace::BuiltinHandlers kHandlers;
  const int file = memfd_create("config", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  static_cast<void>(
      headrace::LoadConfig({fmt::format("/proc/self/fd/{}", file), {}, kHandlers.registry()})
          .problems.size());
  close(file);
  return 0;
}

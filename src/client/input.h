#pragma once

#include <cstddef>
#include <string>

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/payload.h"

namespace headrace {

// The bytes of a FILE to submit, or of standard input for "-". A regular file is read where it
// lies, each time it is sent; what comes from a pipe is kept in a file without a name in TMPDIR (or
// /tmp), for it may have to be sent again. Blocks until a pipe has ended; Interrupted when the
// token is cancelled before. Error (Refusal): it cannot be read.
Expected<Payload> OpenInput(const std::string& path, const CancelToken& cancel);

// The text of a small file. Error (Refusal): it cannot be read, or is longer than that.
Expected<std::string> ReadSmallFile(const std::string& path, std::size_t most);

// What the system says of errno: "No such file or directory".
std::string SystemText(int error);

}  // namespace headrace

#pragma once

// Pistache's headers, behind one door: they define a macro REQUIRES of their own, which would
// replace that of the thread safety annotations.
// clang-format off
#include "base/sync.h"
#pragma push_macro("REQUIRES")
#undef REQUIRES
#include <pistache/async.h>
#include <pistache/endpoint.h>
#include <pistache/http.h>
#include <pistache/peer.h>
#include <pistache/stream.h>
#include <pistache/transport.h>
#pragma pop_macro("REQUIRES")
// clang-format on

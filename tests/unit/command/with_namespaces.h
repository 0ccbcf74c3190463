#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "handler/sandbox/namespaces.h"

namespace headrace::testing_support {

// The tests of commands are run twice: this says whether programs get namespaces of their own.
inline bool WithNamespaces() { return std::getenv("HEADRACE_TEST_NAMESPACES") != nullptr; }

// In SetUp of a test that needs them.
inline void SkipWithoutNamespaces() {
  if (const auto missing = NewNamespaces::Probe()) {
    GTEST_SKIP() << "this system makes no namespaces: " << *missing;
  }
}

}  // namespace headrace::testing_support

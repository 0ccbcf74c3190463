// without-layer LAYER PROGRAM [ARGUMENT...]: runs a program on a system that lacks a layer of the
// executors' sandbox.

#include <unistd.h>

#include <cstdio>

#include "support/take_layer.h"

int main(int argc, char** argv) {
  if (argc < 3 || !headrace::testing_support::TakeLayerAway(argv[1])) {
    std::fputs("usage: without-layer LAYER PROGRAM...; layers: support/take_layer.h\n", stderr);
    return 2;
  }
  execv(argv[2], argv + 2);
  std::perror(argv[2]);
  return 2;
}

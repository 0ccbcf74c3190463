// The program `headrace`: serve, check, health, version.

#include "app/program.h"

int main(int argc, char** argv) { return headrace::RunProgram(argc, argv, {}); }
